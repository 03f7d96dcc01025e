"""A small campaign that needs neither LAMMPS nor a cluster, and an engine that runs its bundles in this process."""

from __future__ import annotations

import time
from dataclasses import replace

from gcd.campaigns.carried import Here
from gcd.campaigns.reading import parse_campaign

SMALL = """
boundaries = ["sigma5", "s5-310-001"]
metals = ["W"]

[[stage]]
do = "build"
count = 12
planes = [3, 3]
random_shift = true
remove = 1
"""


def small(text=SMALL, **more):
    campaign = parse_campaign(text, "small.toml", name="small")
    return replace(campaign, **more)


class InlineBundles:
    """Does what DaskEngine.run_bundles does, one bundle after the other; ``after`` bundles it is stopped."""

    threads, busy, workers, dashboard = 2, 0, {}, ""

    def __init__(self, after=None, each=None):
        self.after, self.each, self.names = after, each, []

    def run_bundles(self, bundles, *, cancelled=None):
        for bundle in bundles:
            if cancelled is not None and cancelled():
                from gcd.energetics.engines import Stopped

                raise Stopped
            if bundle is None:
                time.sleep(0.01)
                continue
            if self.after is not None and len(self.names) >= self.after:
                raise KeyboardInterrupt
            tasks = bundle.tasks
            if bundle.prepare is not None:
                added = bundle.prepare(tasks=tasks)
                tasks = tuple({**t, **a} for t, a in zip(tasks, added, strict=True))
            outcomes = list(Here().run(self.each or bundle.function, tasks))
            self.names.append(bundle.name)
            yield bundle, outcomes
