"""Limits SQL to the channels of one process (`bot.domain.sharing`): each row's bucket is a bit of the share."""

from typing import Final

from bot.domain.sharing import BUCKETS, PART

# The bucket that a job's channel falls into; its person stands for direct messages, as `Job.place_id` has it.
BUCKET_OF_JOB: Final = f"((CASE WHEN private = 1 THEN user_id ELSE channel_id END) / {PART} % {BUCKETS})"


def in_share(share: str, bucket: str) -> str:
    """Write the SQL that says whether a bucket is among those of a share, a parameter."""
    return f"((CAST({share} AS BIGINT) >> CAST({bucket} AS INTEGER)) & 1) = 1"
