"""A peer of bench/step.ts: the same LSTM step in PyTorch on one CPU thread.

First prints its version. Then reads lines from standard input; for each runs that many steps and prints the processor
time of this process, microseconds a step.
"""

import sys
import time

import torch

INPUTS, HIDDEN, OUTPUTS = (int(argument) for argument in sys.argv[1:4])

torch.set_num_threads(1)
torch.set_flush_denormal(True)
recurrent = torch.nn.LSTM(INPUTS, HIDDEN)
head = torch.nn.Linear(HIDDEN, OUTPUTS)
x = torch.randn(1, 1, INPUTS)
state = (torch.zeros(1, 1, HIDDEN), torch.zeros(1, 1, HIDDEN))

print(torch.__version__, flush=True)
with torch.no_grad():
    for line in sys.stdin:
        count = int(line)
        start = time.process_time()
        for _ in range(count):
            output, state = recurrent(x, state)
            head(output)
        print((time.process_time() - start) * 1e6 / count, flush=True)
