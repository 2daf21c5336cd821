"""What axe-core measures of a page: names, roles, contrast, and what keys and screen readers need."""

from importlib.resources import files
from typing import Final

from playwright.async_api import Page

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
EXCUSED: Final = {
    "aria-allowed-role": "what lists commands while one types in several lines is a combobox all the same",
    "heading-order": "people and bots choose the headings in their messages",
}


async def barriers(page: Page) -> list[str]:
    """List what keeps somebody from using the page as it stands: how bad, which rule, where, and why."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    rules = {name: {"enabled": False} for name in EXCUSED}
    found = await page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], "rules": rules})
    return [
        f"{rule['impact']} {rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
