"""Run by `isolated.py`: invokes the function with each line of standard input, and writes what it answers."""

import json
import sys
import time
from typing import Any

sys.path.insert(0, sys.argv[1])


def write(answer: Any, started: float) -> None:
    milliseconds = (time.process_time() - started) * 1000
    print("ANSWER " + json.dumps({"answer": answer, "milliseconds": milliseconds}), flush=True)  # noqa: T201


started = time.process_time()
from eventsite.lambda_handler import handler  # noqa: E402

write(None, started)

for line in sys.stdin:
    event = json.loads(line)
    started = time.process_time()
    if event == "modules":
        answer: Any = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
    else:
        try:
            answer = handler(event, None)
        except Exception as error:  # noqa: BLE001  # as Lambda's own loop does
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
    write(answer, started)
