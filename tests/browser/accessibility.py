"""What is measured of a page for those who do not see it, see little, or have no mouse."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from playwright.async_api import Page

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
STATES: Final = Path(__file__).with_name("states.js").read_text("utf-8")
EXCUSED: Final = {
    "aria-allowed-role": "what lists commands while one types in several lines is a combobox all the same",
    "heading-order": "people and bots choose the headings in their messages",
}


async def barriers(page: Page) -> list[str]:
    """List what keeps somebody from using the page: as it stands, by axe-core's rules, and pointed at or focused."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    rules = {name: {"enabled": False} for name in EXCUSED}
    found = await page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], "rules": rules})
    standing = [
        f"{rule['impact']} {rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
    return standing + await hidden_states(page)


async def hidden_states(page: Page) -> list[str]:
    """List what can't be read while the pointer is on it or it has the focus, and whose focus can't be seen."""
    found: list[str] = await page.evaluate(STATES)
    return found
