"""PostgreSQL's own user reaches what it must, and no folder of somebody else is opened for it."""

import os
from pathlib import Path

import pytest

from deploy.local import accounts
from deploy.local.errors import LocalError
from tests.deploy.folders import data_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")


@as_root
def test_data_inside_a_closed_folder_is_refused_and_the_folder_stays_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with pytest.raises(LocalError, match="LIANXIN_DATA"):
        accounts.make_data_folder(home / "data")
    assert home.stat().st_mode & 0o777 == 0o700
    assert not (home / "data").exists()


@as_root
def test_a_strict_umask_does_not_shut_the_server_out() -> None:
    before = os.umask(0o077)
    try:
        with data_folder("umask") as folder:
            accounts.make_data_folder(folder)
            assert folder.stat().st_mode & 0o777 == 0o711
            assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_programs_that_the_server_user_cannot_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "closed_parent", lambda path: path.parent)
    with data_folder("copy") as folder:
        folder.mkdir()
        programs = accounts.postgres_binaries(folder, (65534, 65534))
        assert programs.is_relative_to(folder)
        assert (programs / "postgres").stat().st_mode & 0o555 == 0o555
        assert (programs.parent / "lib").stat().st_mode & 0o055 == 0o055
        assert accounts.postgres_binaries(folder, (65534, 65534)) == programs


def test_a_private_folder_that_somebody_else_made_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs a second user")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 1, 1)
    with pytest.raises(LocalError, match="belongs to"):
        accounts.make_private(theirs, None)


def test_a_link_in_place_of_a_private_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="belongs to"):
        accounts.make_private(link, None)
