"""Run by its path, as a program of its own: put this process under limits, and become another program.

Between fork and exec nothing of Python's may run where the parent has other threads, one of which may hold a lock; so
the limits are set here, after the exec. Standard library only, and little of that.
"""

import os
import resource
import sys


def main(max_file_bytes: str, reach: str, command: list[str]) -> None:
    """Become another program.

    Parameters
    ----------
    max_file_bytes : str
        Size of the largest file that it can write.
    reach : str
        JSON of what Landlock leaves it (`enclosure.restrict`); empty for no Landlock.
    command : list of str
        The program and its arguments.
    """
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = int(max_file_bytes) if most == resource.RLIM_INFINITY else min(int(max_file_bytes), most)
    # Python ignores SIGXFSZ, and so does what it becomes: a file that is too large is an error, which uv tells.
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if reach:
        sys.path.insert(0, os.path.abspath(f"{__file__}/../../.."))
        from competition.evaluation import enclosure

        enclosure.restrict(reach)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"error: {command[0]} does not start: {error.strerror} (os error {error.errno})")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
