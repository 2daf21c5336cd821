"""What people do at the page, in their own language: tests see what comes of it, and the README's pictures show it."""

from playwright.async_api import Locator

from bot.locale import words
from tests.browser.visitor import Visitor


async def ask(visitor: Visitor, command: str, **options: str) -> None:
    """Type a command, which is given with its options by their English names."""
    say, path = words(visitor.locale), command.split()
    shown = [say(f"slash.{'.'.join(path[: depth + 1])}") for depth in range(len(path))]
    await visitor.types(" ".join(shown), **{say(f"slash.option.{name}"): value for name, value in options.items()})


async def paste_script(visitor: Visitor, script: str, *, seconds: int, first: str) -> Locator:
    """Open a storyboard's builder and paste a script into its form; the builder, which then has the `first` words."""
    say = words(visitor.locale)
    button = say("storyboard.button.script")
    board = await answered_with(visitor, button, "video storyboard", seconds=str(seconds))
    await visitor.presses(board, button)
    form = await visitor.sees(visitor.page.get_by_role("dialog"))
    await visitor.picture("script")
    await form.locator("textarea").fill(script)
    await form.locator("button[type=submit]").click()
    await visitor.sees(board.get_by_text(first).first)
    return board


async def open_studio(visitor: Visitor, prompt: str | None = None) -> Locator:
    """Open the studio, with a prompt or without one; its panel."""
    button = words(visitor.locale)("studio.prompt.change" if prompt else "studio.prompt")
    return await answered_with(visitor, button, "video studio", **({} if prompt is None else {"prompt": prompt}))


async def answered_with(visitor: Visitor, button: str, command: str, **options: str) -> Locator:
    """Type a command whose answer has a button of this name; the answer, whatever else it becomes."""
    answers = visitor.messages.filter(has=visitor.page.get_by_role("button", name=button))
    before = await answers.count()
    await ask(visitor, command, **options)
    found = await visitor.sees(answers.nth(before))
    return visitor.page.locator(f'article[data-id="{await found.get_attribute("data-id")}"]')
