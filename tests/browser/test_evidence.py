"""Evidence from the overview: a click, words that it is under way, and a zip that holds what it says."""

import hashlib
import json
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import SEEDED, SignedIn, open_first


def test_it_downloads_from_the_overview(signed_in: SignedIn, tmp_path: Path) -> None:
    page = signed_in("viewer", accept_downloads=True)
    execution_id = open_first(page, "invoice-pipeline", "COMPLETED", SEEDED)
    words = page.locator("[data-evidence-words]")
    expect(words).to_contain_text("execution, history, trace, logs, streamed events and actions")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as one zip").press("Enter")
    expect(words).to_contain_text("is being collected while it downloads")
    found = download.value
    assert found.suggested_filename.startswith(f"evidence-{execution_id}-")
    found.save_as(tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as packed:
        manifest = json.loads(packed.read("manifest.json"))
        assert (manifest["execution_id"], manifest["collected_by"], manifest["complete"]) == (
            execution_id,
            "viewer",
            True,
        )
        digests = {one["name"]: one["sha256"] for one in manifest["files"]}
        assert {name: hashlib.sha256(packed.read(name)).hexdigest() for name in digests} == digests
