"""How far pages were read that follow one another."""

from executions.services import fetched_chain
from executions.services.fetched_chain import Chain


def test_of_very_many_cursors_those_are_kept_with_which_reading_goes_on() -> None:
    chain = Chain()
    assert chain.follow("", 1_000, "far")
    # Another reader, by small pages.
    assert not chain.follow("", 1, "near-0")
    for number in range(fetched_chain.MOST_CURSORS + 10):
        assert not chain.follow(f"near-{number}", 1, f"near-{number + 1}")
    assert len(chain._places) == fetched_chain.MOST_CURSORS
    assert chain.follow(chain.cursor, 10, None)
    assert (chain.cursor, chain.state) == ("far", "ended")


def test_an_empty_page_leads_on() -> None:
    chain = Chain()
    assert chain.follow("", 0, "a")
    assert chain.follow("a", 0, "b")
    assert (chain.cursor, chain.state) == ("b", "goes on")
