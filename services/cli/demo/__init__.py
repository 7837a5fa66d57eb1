"""The demo: outlets that exist only on this machine, made of the stories in seeds/stories."""
