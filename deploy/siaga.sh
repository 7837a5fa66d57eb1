#!/bin/sh
# `siaga` in the image of the command line.
exec python -m services.cli.main "$@"
