import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from yurt import Cluster, log_tails  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the ends of its processes' logs."""
    outcome = yield
    report = outcome.get_result()
    cluster = item.funcargs.get("cluster") or item.funcargs.get("dev_cluster")
    if report.when == "call" and report.failed and cluster:
        report.sections.append(("yurt logs", log_tails(cluster)))


@pytest.fixture
def cluster():
    made = Cluster()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dev_cluster():
    made = Cluster()
    yield made
    made.close()


@pytest.fixture(scope="module")
def dev(dev_cluster):
    """`yurt dev` with its node ready, shared by the tests of a file."""
    process = dev_cluster.dev()
    process.api.wait_node()
    return process.api
