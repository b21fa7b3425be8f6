"""The peer of bench/train.ts: the same training step in PyTorch on one CPU thread.

First prints its version and whether OpenBLAS does the matrix products (Debian's reference BLAS is 40 times slower and
no peer). Then reads lines from standard input; for each runs that many optimiser steps and prints milliseconds a step.
"""

import sys
import time

import torch

INPUTS, HIDDEN, ROWS, STEPS = (int(argument) for argument in sys.argv[1:5])

torch.set_num_threads(1)
torch.manual_seed(1)
# Denormal numbers would slow PyTorch down for no merit of kioku's.
torch.set_flush_denormal(True)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent = torch.nn.LSTM(INPUTS, HIDDEN)
        self.head = torch.nn.Linear(HIDDEN, INPUTS)

    def forward(self, x):
        return self.head(self.recurrent(x)[0])


net = Net()
optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
x = torch.randn(STEPS, ROWS, INPUTS)
target = torch.randn(STEPS, ROWS, INPUTS)


def step():
    optimiser.zero_grad()
    loss = torch.nn.functional.mse_loss(net(x), target)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimiser.step()


step()
with open("/proc/self/maps", encoding="utf-8") as maps:
    print(torch.__version__, "openblas" if "openblas" in maps.read() else "other", flush=True)
for line in sys.stdin:
    count = int(line)
    start = time.perf_counter()
    for _ in range(count):
        step()
    print((time.perf_counter() - start) * 1000 / count, flush=True)
