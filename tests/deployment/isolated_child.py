"""Started by `isolated.py`: invokes the function with each line of standard input, and writes its response."""

import json
import sys
import time
from typing import Any

sys.path.insert(0, sys.argv[1])


def write(response: Any, started: float) -> None:
    milliseconds = (time.process_time() - started) * 1000
    print("RESPONSE " + json.dumps({"response": response, "milliseconds": milliseconds}), flush=True)  # noqa: T201


started = time.process_time()
from eventsite.lambda_handler import handler  # noqa: E402

write(None, started)

for line in sys.stdin:
    event = json.loads(line)
    started = time.process_time()
    if event == "modules":
        response: Any = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
    else:
        try:
            response = handler(event, None)
        except Exception as error:  # noqa: BLE001  # as Lambda does
            response = {"errorType": type(error).__name__, "errorMessage": str(error)}
    write(response, started)
