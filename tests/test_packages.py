import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from competition.packages import installed, versions

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution's metadata into a folder that is the whole search path."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    def put(name: str, version: str = "1.0", requires: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {line}" for line in requires)]
        (folder / "METADATA").write_text("\n".join(lines) + "\n\nVersion: of the description\n")
        (folder / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))

    return put


def test_follows_what_is_needed_in_turn(install: Install) -> None:
    install("top", "1.0", ("middle>=2", "never; python_version < '3'", "Wanted.Too; python_version > '3'"))
    install("middle", "2.5", ("bottom [fast] ~=3.0",))
    install("bottom", "3.1", ("top", "speed; extra == 'fast'", "slow; extra == 'slow'"))
    for name in ("never", "wanted-too", "speed", "slow", "unrelated"):
        install(name, "0.1")

    found = versions(["Top"])

    assert found == {"bottom": "3.1", "middle": "2.5", "speed": "0.1", "top": "1.0", "wanted-too": "0.1"}
    assert list(found) == sorted(found)


def test_follows_a_marker_that_holds_without_its_extra(install: Install) -> None:
    install("top", requires=("one; extra == 'x' or python_version > '3'", "two; extra == 'x' and python_version > '3'"))
    install("one")
    install("two")

    assert set(versions(["top"])) == {"top", "one"}


def test_leaves_out_what_is_not_installed(install: Install) -> None:
    install("top", requires=("absent>=1", "not ! a requirement; extra != 'x'"))

    assert versions(["top", "absent-too"]) == {"top": "1.0"}


def test_takes_what_stands_in_for_a_package(install: Install) -> None:
    install("booster-user", requires=("xgboost>=2",))
    install("xgboost-cpu", "3.0")

    assert versions(["xgboost"]) == {"xgboost-cpu": "3.0"}
    assert versions(["booster-user"])["xgboost-cpu"] == "3.0"


def test_prefers_the_package_to_what_stands_in_for_it(install: Install) -> None:
    install("xgboost", "3.1")
    install("xgboost-cpu", "3.0")

    assert versions(["xgboost"]) == {"xgboost": "3.1"}


def test_adds_what_a_library_uses_without_asking_where_it_is_installed(install: Install) -> None:
    install("user", requires=("pandas>=3", "xgboost"))
    for name in ("pandas", "pyarrow", "numexpr", "xgboost-cpu", "unrelated", "keras"):
        install(name)
    install("scikit-learn", requires=("joblib",))
    install("joblib")

    found = set(versions(["user"]))

    assert found == {"user", "pandas", "pyarrow", "numexpr", "xgboost-cpu", "scikit-learn", "joblib"}


@pytest.mark.parametrize(
    "file",
    ["odd/__init__.py", "odd/sub/x.py", "odd.py", "odd.cpython-311-x86_64-linux-gnu.so", "odd.abi3.so"],
)
def test_adds_who_provides_an_imported_module(install: Install, file: str) -> None:
    install("declared")
    install("provider", "7", requires=("helper",), files=("zzz.py", file))
    install("helper", "8", files=("helper.py",))
    install("neighbour", files=("oddly/__init__.py", "pack/odd/__init__.py", "odd-1.0.txt"))

    assert versions(["declared"], ["odd.sub"]) == {"declared": "1.0", "helper": "8", "provider": "7"}


def test_adds_every_provider_of_a_shared_module_but_none_where_a_declared_one_has_it(install: Install) -> None:
    install("first", files=("shared/a.py",))
    install("second", files=("shared/b.py",))

    assert set(versions([], ["shared"])) == {"first", "second"}
    assert set(versions(["second"], ["shared.b"])) == {"second"}


def test_reads_top_level_modules_where_no_files_are_listed(install: Install, tmp_path: Path) -> None:
    install("old-style")
    folder = tmp_path / "old_style-1.0.dist-info"
    (folder / "RECORD").unlink()
    (folder / "top_level.txt").write_text("odd\nother\n")

    assert versions([], ["odd"]) == {"old-style": "1.0"}


def test_ignores_modules_of_the_standard_library_and_of_nobody(install: Install) -> None:
    install("backport", files=("json/__init__.py",))

    assert versions([], ["json.decoder", "nowhere"]) == {}


@pytest.mark.parametrize("is_folder", [True, False])
def test_reads_old_installations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install, is_folder: bool
) -> None:
    install("newer")
    path = tmp_path / "Old_Thing-2.0-py3.11.egg-info"
    if is_folder:
        path.mkdir()
        (path / "requires.txt").write_text("newer>=1\n")
        path /= "PKG-INFO"
    path.write_text("Metadata-Version: 1.1\nName: Old-Thing\nVersion: 2.0\n")

    expected = {"old-thing": "2.0"} | ({"newer": "1.0"} if is_folder else {})
    assert versions(["old.thing"]) == expected


def test_the_first_on_the_search_path_counts(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("thing", "1.0")
    before = tmp_path / "before"
    (before / "thing-9.0.dist-info").mkdir(parents=True)
    (before / "thing-9.0.dist-info" / "METADATA").write_bytes(b"Name: thing\r\nVersion: 9.0\r\n\r\nText: \xff\r\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "absent"), str(before), str(tmp_path)])

    assert versions(["thing"]) == {"thing": "9.0"}


def test_agrees_with_the_standard_library_on_what_is_installed_here() -> None:
    def closure(names: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        waiting = [(name, "") for name in names]
        seen = set()
        while waiting:
            name, extra = waiting.pop()
            try:
                distribution = metadata.distribution(name)
            except metadata.PackageNotFoundError:
                continue
            if (canonicalize_name(name), extra) in seen:
                continue
            seen.add((canonicalize_name(name), extra))
            found[canonicalize_name(name)] = distribution.version
            for line in distribution.requires or ():
                requirement = Requirement(line)
                if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                    waiting += [(requirement.name, wanted) for wanted in ("", *requirement.extras)]
        return found

    names = ["scikit-learn", "pandas", "matplotlib", "catboost", "imbalanced-learn", "pydantic", "typer", "hypothesis"]
    used_by_pandas = ["bottleneck", "numexpr", "pyarrow"]
    assert versions(names, ["sklearn.svm", "PIL"]) == dict(sorted(closure(names + used_by_pandas).items()))


def test_imports_none_of_the_packages() -> None:
    code = (
        "import sys, competition.solution; before = set(sys.modules); "
        "from competition.packages import versions; "
        "found = versions(['scikit-learn', 'catboost'], ['pandas', 'PIL']); "
        "assert {'numpy', 'pandas', 'pillow'} <= found.keys(); "
        "print(*{'numpy', 'pandas', 'sklearn', 'catboost', 'PIL', 'email.message'} & (set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_lists_a_folder_of_packages_as_it_is_now(install: Install, tmp_path: Path) -> None:
    install("Beta", "2.0")
    install("alpha", "1.0")
    assert [(found.name, found.version) for found in installed(tmp_path)] == [("Beta", "2.0"), ("alpha", "1.0")]

    (tmp_path / "alpha-1.0.dist-info" / "METADATA").write_text("Name: alpha\nVersion: 1.1\n")
    assert [found.version for found in installed(tmp_path)] == ["2.0", "1.1"]


def test_reads_each_list_of_files_once_however_many_modules_are_asked_for(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(30):
        install(f"package-{k}", files=(f"module_{k}/__init__.py",))
    read: Counter[Path] = Counter()
    read_bytes = Path.read_bytes

    def counted(path: Path) -> bytes:
        read[path] += 1
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    found = versions([], [*(f"unknown_{k}" for k in range(17_000)), "module_7.inner"])

    assert found == {"package-7": "1.0"}
    assert len(read) == 30
    assert set(read.values()) == {1}


def test_reads_no_further_list_of_files_than_that_with_the_module(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("alpha", "odd", "zeta"):
        install(name, files=(f"{name}/__init__.py",))
    read: list[str] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.append(path.parent.name), read_bytes(path))[1])

    assert set(versions(["odd", "zeta"], ["odd.sub"])) == {"odd", "zeta"}
    assert read == ["odd-1.0.dist-info"]
