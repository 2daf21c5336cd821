"""That a video was made by AI, said to programs in the file and to people beside it."""

from dataclasses import dataclass

from bot.domain import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class AiMark:
    """How videos are marked. `label` are the operator's words for people; left empty, they are the catalogue's."""

    label: str = ""

    def comment(self, job: Job) -> str:
        """What the file says of itself, in its `comment` tag; never anything that a person typed."""
        return f"AI-generated video. Model: {job.request.model}. Id: {job.id}."
