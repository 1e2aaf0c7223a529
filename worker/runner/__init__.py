"""The runner: a one-shot child process in which model files are loaded, and the parent that watches over it."""
