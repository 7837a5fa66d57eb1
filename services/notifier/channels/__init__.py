"""The ways to reach an official: one file, one line in the table and one test file to add one."""
