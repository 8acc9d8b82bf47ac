"""What one process at a time may have."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack

import pytest

from competition.evaluation import claims
from competition.evaluation.claims import UNPRIVILEGED, claimed, claimed_cores, claimed_user, cores

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's"),
    pytest.mark.usefixtures("own_claims"),
]

HOLD = """
import sys
from competition.evaluation import claims
from competition.evaluation.claims import claimed, claimed_cores
claims.NAME = sys.argv[1]
with claimed("thing") as is_mine, claimed_cores(1, 1) as mine:
    print(is_mine, mine, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(own_claims):
    """Another process that has claimed a thing and a core."""
    with subprocess.Popen([sys.executable, "-c", HOLD, claims.NAME], stdin=-1, stdout=-1, text=True) as process:
        yield process, process.stdout.readline().split(maxsplit=1)
        process.kill()


def test_a_claim_is_one_processes_until_it_ends_however_it_ends(holder):
    process, (is_theirs, _) = holder
    assert is_theirs == "True"
    with claimed("thing") as is_mine:
        assert not is_mine
    process.kill()
    process.wait()
    with claimed("thing") as is_mine:
        assert is_mine


def test_a_claim_ends_with_its_context():
    for _ in range(2):
        with claimed("other thing") as is_mine:
            assert is_mine
            with claimed("other thing") as is_mine_again:
                assert not is_mine_again


def test_two_processes_do_not_pin_to_the_same_core(holder):
    _, (_, theirs) = holder
    (taken,) = eval(theirs)[0]
    with claimed_cores(1, 1) as mine:
        assert mine[0] != [taken]
    with claimed_cores(cores(), 1) as too_many:
        assert too_many == [[]] * cores(), "where there are not enough free ones, none is pinned"


def test_no_core_is_in_two_jobs_and_all_are_free_again():
    for _ in range(2):
        with claimed_cores(1, cores()) as mine:
            assert mine == [sorted(os.sched_getaffinity(0))]
    with claimed_cores(1, 1), claimed("core-no-such") as is_mine:
        assert is_mine
    with claimed_cores(cores() + 1, 1) as mine:
        assert mine == [[]] * (cores() + 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives itself up")
def test_every_worker_has_a_user_of_its_own():
    with ExitStack() as stack:
        users = [stack.enter_context(claimed_user()) for _ in range(20)]
    assert len(set(users)) == 20
    assert set(users) <= set(UNPRIVILEGED)


WHO = "from competition.evaluation.claims import claimed_user\nwith claimed_user({reads!r}) as uid: print(uid)"


@pytest.fixture
def without():
    """Tell whether root without some rights, as in a container, becomes another user who reads some files."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("takes root and setpriv")

    def becomes_another(rights, *reads):
        bounded = ["setpriv", "--bounding-set", ",".join(f"-{right}" for right in rights), "--inh-caps=-all"]
        command = [*bounded, sys.executable, "-c", WHO.format(reads=reads)]
        ended = subprocess.run(command, capture_output=True, text=True)
        if "setpriv" in ended.stderr:
            pytest.skip("no rights can be dropped here")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout != "None\n"

    return becomes_another


@pytest.mark.parametrize("right", ["chown", "dac_override", "kill", "setgid", "setuid", "all"])
def test_root_that_lacks_a_right_stays_who_it_is(without, right):
    assert not without([right])


def test_root_needs_one_right_more_for_a_user_who_reads_what_only_root_may(without, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch(mode=0o644)
    assert without(["net_admin"], str(closed / "file"))
    assert without(["dac_read_search"], "/usr", "/etc/passwd")
    assert not without(["dac_read_search"], "/usr", str(closed / "file"))
    assert not without(["dac_read_search"], str(closed))


def test_a_user_namespace_that_knows_one_user_has_no_other():
    script = WHO.format(reads=())
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script]
    try:
        ended = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if "unshare" in ended.stderr:
        pytest.skip("no user namespaces here")
    assert ended.stdout == "None\n", ended.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root becomes another user")
def test_who_is_not_root_stays_who_it_is():
    with claimed_user() as uid:
        assert uid is None
