"""The folder outside the repository that holds what a sealed competition must not show: the key, and what was told.

``KEYS/<slug>/``, where KEYS is named by ``--keys`` or the environment variable ``PODIUM_KEYS``. Its files are their
owner's alone. A secret beside the key draws the split, so that nobody can draw it again from the rules, and seals what
the public manifest says of the key, so that nobody can try labels against it.
"""

import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from competition.errors import PodiumError
from competition.manifest import Manifest
from competition.repository import Repository, make_folder, replacing

ENVIRONMENT = "PODIUM_KEYS"
NAMES_IT = f"--keys DIR or the environment variable {ENVIRONMENT} names the folder that holds it"
SECRET_BYTES = 32
SEED_BYTES = 16  # more than can be tried one after the other


@dataclass(frozen=True)
class Vault:
    """What lies outside the repository for one sealed competition.

    Parameters
    ----------
    slug : str
        The competition.
    folder : Path
        ``KEYS/<slug>``.
    """

    slug: str
    folder: Path

    @property
    def raw(self) -> Path:
        """Folder of the raw files, where no other one is named: they hold the labels."""
        return self.folder / "raw"

    @property
    def ledger(self) -> Path:
        """File of what was handed in, and what was told of it."""
        return self.folder / "ledger.json"

    @property
    def closed(self) -> Path:
        """File of the final scores."""
        return self.folder / "closed.json"

    def predictions(self, fingerprint: str) -> Path:
        """File of predictions that were handed in."""
        return self.folder / "predictions" / f"{fingerprint}.npz"

    @property
    def key(self) -> Path:
        """File of the answer key."""
        return self.folder / "key.parquet"

    def make(self) -> None:
        """Make the folder, and a secret where there is none; the folder is its owner's alone."""
        if not self.folder.parent.exists():
            make_folder(self.folder.parent)
            self.folder.parent.chmod(0o700)
        make_folder(self.folder)
        self.folder.chmod(0o700)
        if not self._secret_file.exists():
            self.write(self._secret_file, secrets.token_hex(SECRET_BYTES).encode())

    def seed(self, purpose: str) -> int:
        """Return a seed for a purpose, the same each time, that follows from nothing but the secret."""
        return int.from_bytes(self._digest(f"seed {purpose}".encode())[:SEED_BYTES], "big")

    def seal(self, content: bytes) -> str:
        """HMAC-SHA256 of the key's content under the secret: it tells keys apart, and permits no guessing at labels."""
        return self._digest(b"key " + content).hex()

    def read_key(self, manifest: Manifest) -> bytes:
        """Return the content of the answer key.

        Raises
        ------
        PodiumError
            If it is not here, or not the one that the data was prepared with.
        """
        try:
            content = self.key.read_bytes()
        except OSError as error:
            raise PodiumError(f"cannot read {self.key}: {error.strerror}", NAMES_IT) from None
        if manifest.key is None or not hmac.compare_digest(self.seal(content), manifest.key):
            raise PodiumError(
                f"{self.key} is not the key that the data of '{self.slug}' was prepared with",
                f"get the folder that belongs to it, or run `podium prepare {self.slug}` again",
            )
        return content

    @staticmethod
    def write(path: Path, content: bytes) -> None:
        """Write a file whole or not at all, for its owner's eyes."""
        with replacing(path, private=True) as temporary:
            temporary.write_bytes(content)

    @property
    def _secret_file(self) -> Path:
        return self.folder / "secret"

    def _digest(self, content: bytes) -> bytes:
        try:
            secret = self._secret_file.read_bytes()
        except OSError as error:
            raise PodiumError(f"cannot read {self._secret_file}: {error.strerror}", NAMES_IT) from None
        return hmac.digest(secret, content, "sha256")


def named_vault(repository: Repository, slug: str, keys: Path | None) -> Vault | None:
    """Return the vault that a user has named, whatever it holds; None where none is named.

    Raises
    ------
    PodiumError
        If it lies in the repository, where it would be no secret for long.
    """
    if keys is None or not str(keys):
        return None
    folder = keys.expanduser().resolve()
    root = _top_of(repository.root.resolve())
    if folder.is_relative_to(root):
        raise PodiumError(f"--keys: {keys} lies in the repository {root}", "allowed: a folder outside it")
    return Vault(slug, folder / slug)


def require_vault(repository: Repository, slug: str, keys: Path | None) -> Vault:
    """Return the vault of a sealed competition that a user has named.

    Raises
    ------
    PodiumError
        If none is named, it holds no key, or it lies in the repository.
    """
    vault = named_vault(repository, slug, keys)
    if vault is None:
        raise PodiumError(f"the answer key of '{slug}' is sealed, and only its organiser has it", NAMES_IT)
    if not vault.key.exists():
        raise PodiumError(f"{vault.folder} holds no key of '{slug}'", f"run `podium prepare {slug}`")
    return vault


def _top_of(root: Path) -> Path:
    """The work tree of git that a repository of competitions is, or is a part of."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
