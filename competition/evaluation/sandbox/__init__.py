"""What a trial may reach: file system rules, a system call filter, and a worker's own namespaces."""
