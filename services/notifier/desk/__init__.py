"""What officials and their duty officers look at: its own tables, fed by its own consumer group."""
