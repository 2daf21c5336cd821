from datetime import timedelta

from bot.store.member.gallery import GalleryCopy, GalleryStore
from tests.store.conftest import Store

LEASE = timedelta(seconds=60)


async def claim(store: Store) -> GalleryCopy | None:
    return await GalleryStore(store.database).claim(now=store.now, until=store.now + LEASE)


async def test_a_copy_is_meant_once_and_claimed_by_one(store: Store) -> None:
    gallery, job = GalleryStore(store.database), await store.delivered()
    assert await gallery.next_due() is None
    assert await claim(store) is None
    assert [await gallery.intend(job.id, channel_id=9, now=store.now) for _ in range(2)] == [True, False]
    assert await gallery.next_due() == store.now
    assert await claim(store) == GalleryCopy(job_id=job.id, channel_id=9, tries=1, posting_at=None)
    assert await claim(store) is None
    assert await gallery.next_due() == store.now + LEASE


async def test_a_claim_that_ran_out_goes_to_another_who_knows_of_the_post(store: Store) -> None:
    gallery, job = GalleryStore(store.database), await store.delivered()
    await gallery.intend(job.id, channel_id=9, now=store.now)
    await claim(store)
    began = store.later(1)
    await gallery.begin_posting(job.id, at=began)
    await gallery.begin_posting(job.id, at=store.later(1))
    store.later(60)
    assert await claim(store) == GalleryCopy(job_id=job.id, channel_id=9, tries=2, posting_at=began)
    await gallery.recover(now=store.now)
    assert await claim(store) == GalleryCopy(job_id=job.id, channel_id=9, tries=3, posting_at=began)


async def test_what_is_posted_is_never_meant_again(store: Store) -> None:
    gallery, job = GalleryStore(store.database), await store.delivered()
    await gallery.intend(job.id, channel_id=9, now=store.now)
    await gallery.posted(job.id, message_id=900, now=store.now)
    assert not await gallery.intend(job.id, channel_id=9, now=store.now)
    await gallery.recover(now=store.now)
    store.later(3600)
    assert await claim(store) is None


async def test_what_is_given_up_is_meant_again_where_the_gallery_is_now(store: Store) -> None:
    gallery, job = GalleryStore(store.database), await store.delivered()
    await gallery.intend(job.id, channel_id=9, now=store.now)
    await claim(store)
    await gallery.later(job.id, due_at=store.now + LEASE)
    assert await claim(store) is None
    await gallery.give_up(job.id)
    store.later(3600)
    assert await claim(store) is None
    assert await gallery.intend(job.id, channel_id=10, now=store.now)
    assert await claim(store) == GalleryCopy(job_id=job.id, channel_id=10, tries=1, posting_at=None)
