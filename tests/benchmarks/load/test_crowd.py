"""The crowd benchmark, small."""

from benchmarks.load.crowd import bench_crowd


async def test_a_live_call_is_measured_alone_and_beside_a_crowd() -> None:
    result = await bench_crowd(followers=6, loaders=2, seconds=2.0, hours=0.1)
    assert result.loads > 0
    for told in (result.alone_s, result.followed_s, result.loaded_s):
        assert told.count >= 2
        assert told.p50 > 0
