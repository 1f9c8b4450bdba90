import asyncio

import pytest

from executions.relay import followers as module
from executions.relay.followers import Followers
from tests.relay.scripted import no_task_is_left


class Viewer:
    """Follows, and counts how often it was pushed."""

    def __init__(self, followers: Followers, *, goes_on: bool = True, raises: Exception | None = None) -> None:
        self.pushes = 0
        self.goes_on, self.raises = goes_on, raises
        self.pushed = asyncio.Event()
        self.task = asyncio.create_task(followers.follow(self._push))

    def _push(self) -> bool:
        self.pushes += 1
        self.pushed.set()
        if self.raises:
            raise self.raises
        return self.goes_on


async def told(followers: Followers, *viewers: Viewer) -> None:
    await asyncio.sleep(0)
    followers.tell()
    for viewer in viewers:
        await viewer.pushed.wait()
        viewer.pushed.clear()


async def test_all_are_pushed_at_every_change() -> None:
    followers = Followers()
    viewers = [Viewer(followers) for _ in range(3)]
    for _ in range(2):
        await told(followers, *viewers)
    assert [viewer.pushes for viewer in viewers] == [2, 2, 2]
    for viewer in viewers:
        viewer.task.cancel()


async def test_one_that_has_more_to_do_is_released() -> None:
    followers = Followers()
    one, other = Viewer(followers, goes_on=False), Viewer(followers)
    await told(followers, one, other)
    await one.task
    await told(followers, other)
    assert (one.pushes, other.pushes) == (1, 2)
    other.task.cancel()


async def test_what_goes_wrong_with_one_is_nothing_to_the_others() -> None:
    followers = Followers()
    one, other = Viewer(followers, raises=OSError("It has gone.")), Viewer(followers)
    await told(followers, one, other)
    with pytest.raises(OSError, match="It has gone"):
        await one.task
    assert other.pushes == 1
    other.task.cancel()


async def test_one_that_left_is_not_pushed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = asyncio.all_tasks()
    monkeypatch.setattr(module, "WAVE_VIEWERS", 1)
    followers = Followers()
    one, other = Viewer(followers), Viewer(followers)
    await asyncio.sleep(0)
    followers.tell()
    other.task.cancel()  # its wave is still to come
    await one.pushed.wait()
    one.pushed.clear()
    await told(followers, one)
    assert (one.pushes, other.pushes) == (2, 0)
    one.task.cancel()
    await no_task_is_left(before)


@pytest.mark.parametrize(("viewers", "waves"), [(1, [1]), (2, [2]), (3, [2, 1]), (8, [2, 2, 2, 2]), (10, [3, 3, 2, 2])])
async def test_they_are_pushed_in_waves(monkeypatch: pytest.MonkeyPatch, viewers: int, waves: list[int]) -> None:
    monkeypatch.setattr(module, "WAVE_VIEWERS", 2)
    pushed: list[int] = []
    push = module._push
    monkeypatch.setattr(module, "_push", lambda some: (pushed.append(len(some)), push(some)))
    followers = Followers()
    watching = [Viewer(followers) for _ in range(viewers)]
    await told(followers, *watching)
    assert pushed == waves
    for viewer in watching:
        viewer.task.cancel()
