"""Run by the benchmark in a process of its own: one client, some jobs at once, each by the client's own wait.

    python sdk_client.py NAME BASE_URL JOBS WAVES SECONDS_APART HOME

Prints a line for each job: its id and the unix time at which the client gave it back. The waits are those that
the packages themselves provide, with their own defaults.
"""

from __future__ import annotations

import os
import sys
import threading
import time


def aimlapi(base):
    from aimlapi import AIMLAPI

    client = AIMLAPI(api_key="none", base_url=f"{base}/v1")
    return lambda n: client.videos.generate_with_polling(model="ltxv/ltxv-2", prompt=f"Waves {n}")["id"]


def openai(base):
    from openai import OpenAI

    client = OpenAI(api_key="none", base_url=f"{base}/v1")
    return lambda n: client.videos.create_and_poll(prompt=f"Waves {n}").id


def runwayml(base):
    from runwayml import RunwayML

    client = RunwayML(api_key="none", base_url=base)

    def one(n):
        task = client.text_to_video.create(
            model="gen4.5", prompt_text=f"Waves {n}", duration=5, ratio="1280:720"
        )
        return task.wait_for_task_output().id

    return one


def replicate(base):
    from replicate import Client

    client = Client(api_token="none", base_url=base)

    def one(n):
        made = client.predictions.create(version="c" * 64, input={"prompt": f"Waves {n}"})
        made.wait()
        return made.id

    return one


def fal_client(base):
    import fal_client.client as fal

    fal.QUEUE_URL_FORMAT = f"{base}/"  # its scheme is fixed to https, and the host alone can be set
    client = fal.SyncClient(key="none")
    return lambda n: client.subscribe("fal-ai/ltx", {"prompt": f"Waves {n}"})["video"]["url"].rpartition("/")[
        2
    ][:-4]


def ours(base):
    from ltxv_nb import Client
    from ltxv_nb.journal import State

    os.environ["LTXV_BACKEND"] = "aimlapi"  # `make` keeps everything in the sandbox
    home = sys.argv[6]
    client = Client(
        api_key="none-at-all", base_url=base, home=home, output_dir=f"{home}/videos", backend="aimlapi"
    )

    def one(n):
        noticed = []
        job = client.submit(f"Waves {n}")
        job.on_change(
            lambda job: (
                noticed
                or job.record.state not in {State.FINISHED, State.SAVED}
                or noticed.append(time.time())
            )
        )
        job.result()
        return job.generation_id, noticed[0]

    return one


def main():
    name, base, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    one = {f.__name__: f for f in (aimlapi, openai, runwayml, replicate, fal_client, ours)}[name](base)
    lock = threading.Lock()

    def run(n):
        known = one(n)
        identifier, at = known if isinstance(known, tuple) else (known, time.time())
        with lock:
            print(identifier.partition(":")[0], at, time.time(), flush=True)

    waves, apart = int(sys.argv[4]), float(sys.argv[5])
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for n, thread in enumerate(threads):
        if n and n % -(-count // waves) == 0:
            time.sleep(apart)
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)


if __name__ == "__main__":
    main()
