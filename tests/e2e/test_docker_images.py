"""Images of docker tasks: pulled from a registry on loopback, shared, waited for, collected."""
import json

from docker_jobs import (dev, engine, events_of, job, needs_engine, plugin, registry,  # noqa: F401
                         run_to_end)
from yurt import wait_for

pytestmark = needs_engine


def test_an_image_is_pulled_once_for_all_who_start_at_the_same_time(dev, engine, registry):
    image = registry.add("team/shared")
    registry.gate.clear()
    registry.waiting.clear()
    dev.run(job("shared", "cat /marker", image=image, count=4))
    assert registry.waiting.wait(60)

    def all_wait():
        allocs = dev.allocs("shared")
        return len(allocs) == 4 and all("Downloading image" in json.dumps(events_of(dev, a)) for a in allocs)
    wait_for("four tasks to wait for one pull", all_wait)
    registry.gate.set()
    allocs = dev.wait_allocs("shared", "complete", 4)
    assert all(dev.logs(a["ID"], "t") == "team/shared:1" for a in allocs)
    assert registry.pulled.count(registry.layer) == 1


def test_a_pull_can_be_cancelled_by_stopping_the_job(dev, registry):
    image = registry.add("team/slow")
    registry.gate.clear()
    registry.waiting.clear()
    dev.run(job("slow", "true", image=image))
    assert registry.waiting.wait(60)
    dev.delete("/v1/job/slow")
    alloc = dev.wait_allocs("slow", "complete")[0]
    assert not dev.alloc(alloc["ID"])["TaskStates"]["t"]["Failed"]
    registry.gate.set()


def test_a_slow_pull_ends_at_its_timeout(dev, registry):
    image = registry.add("team/stuck")
    registry.gate.clear()
    alloc = run_to_end(dev, "stuck", "true", image=image, config='image_pull_timeout = "1s"',
                       status="failed")
    assert "image_pull_timeout" in json.dumps(events_of(dev, alloc))
    registry.gate.set()


def test_an_image_that_does_not_exist_fails_for_good(dev, registry):
    retry = "restart {\n attempts = 5\n}\nreschedule {\n attempts = 0\n unlimited = false\n}"
    alloc = run_to_end(dev, "nowhere", "true", group=retry, image=f"{registry.address}/team/none:1",
                       status="failed")
    failures = [e for e in events_of(dev, alloc) if e["Type"] == "Driver Failure"]
    assert len(failures) == 1 and "team/none:1" in failures[0]["DisplayMessage"]


def test_a_registry_out_of_order_is_asked_again_after_a_while(dev, registry):
    image = registry.add("team/flaky")
    registry.failures = 2
    retry = 'restart {\n attempts = 5\n delay = "1ms"\n}'
    alloc = run_to_end(dev, "flaky", "true", group=retry, image=image)
    text = json.dumps(events_of(dev, alloc))
    assert "before the next try" in text and "Driver Failure" in text


def test_credentials_of_the_job_open_a_private_registry(dev, registry):
    image = registry.add("team/private")
    registry.credentials = "me:s3cret"
    try:
        alloc = run_to_end(dev, "locked-out", "true", image=image, status="failed")
        assert "Driver Failure" in json.dumps(events_of(dev, alloc))
        # Another key than the refused one: no back-off.
        auth = 'auth {\n username = "me"\n password = "s3cret"\n}'
        alloc = run_to_end(dev, "let-in", "cat /marker", image=image, config=auth)
        assert dev.logs(alloc["ID"], "t") == "team/private:1"
    finally:
        registry.credentials = None


def test_force_pull_asks_the_registry_each_time(dev, registry):
    image = registry.add("team/moving")
    run_to_end(dev, "first", "cat /marker", image=image)
    registry.add("team/moved")
    registry.move("team/moving", "team/moved")
    alloc = run_to_end(dev, "kept", "cat /marker", image=image)
    assert dev.logs(alloc["ID"], "t") == "team/moving:1"
    alloc = run_to_end(dev, "forced", "cat /marker", image=image, config="force_pull = true")
    assert dev.logs(alloc["ID"], "t") == "team/moved:1"


def test_an_image_is_loaded_from_an_artifact(engine, cluster, tmp_path):
    archive = tmp_path / "image.tar"
    archive.write_bytes(engine.call("GET", f"/images/{engine.IMAGE}/get"))
    process = cluster.dev(plugin(engine))
    process.api.wait_node()
    artifact = f'''artifact {{
        source = "file://{archive}"
        mode   = "file"
        destination = "local/image.tar"
        options {{
          archive = "false"
        }}
      }}'''
    alloc = run_to_end(process.api, "loaded", "echo loaded", config='load = "image.tar"', task=artifact)
    assert process.api.logs(alloc["ID"], "t") == "loaded\n"


def test_unused_images_that_yurt_pulled_are_removed_and_no_others(engine, registry, cluster):
    process = cluster.dev(plugin(engine).replace("gc {\n", 'gc {\n image_delay = "1s"\n', 1))
    process.api.wait_node()
    image = registry.add("team/passing")
    process.api.run(job("passing", "true", image=image))
    process.api.wait_allocs("passing", "complete")

    def names():
        return [t for i in engine.call("GET", "/images/json") for t in i["RepoTags"] or []]
    wait_for("the image to be removed", lambda: image not in names())
    assert engine.IMAGE in names()
