import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from keras_genzoo.training import stopping
from keras_genzoo.training.stopping import Stop
from tests.cli.conftest import listen_to_signals

# A step that takes a minute, in a call of C that Python cannot interrupt.
_STEP = f"""
import ctypes, runpy, sys
with runpy.run_path({stopping.__file__!r})["Stop"](ends_process=True):
    print("begun", flush=True)
    remaining = 60
    while remaining:
        remaining = ctypes.CDLL(None).sleep(remaining)
sys.exit(1)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_is_answered_and_the_second_ends_a_step_that_takes_long(number):
    process = subprocess.Popen(
        [sys.executable, "-c", _STEP], stdout=subprocess.PIPE, text=True, preexec_fn=listen_to_signals
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    assert process.stdout.readline() == "\n" and "stopping after this step" in process.stdout.readline()
    process.send_signal(number)  # what comes within a second is one event: a terminal that closes says so twice
    time.sleep(1.5)
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait(timeout=50) == 128 + number  # less than the step
    process.stdout.close()


pytestmark = pytest.mark.usefixtures("not_ignored")


def ask(stop, number):
    os.kill(os.getpid(), number)
    for _ in range(1000):
        if stop.asked():
            break
        threading.Event().wait(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_flag_is_raised_and_handlers_come_back(number, capsys):
    before = signal.getsignal(number)
    with Stop() as stop:
        assert not stop.asked() and signal.getsignal(number) is not before
        ask(stop, number)
        assert stop.asked() and stop.exit_code == 128 + number
    assert signal.getsignal(number) is before and signal.set_wakeup_fd(-1) == -1
    assert "stopping after this step" in capsys.readouterr().out


def test_in_a_notebook_the_second_interrupts_python_and_not_the_process(monkeypatch):
    monkeypatch.setattr(stopping, "_ONE_EVENT", 0.05)
    with pytest.raises(KeyboardInterrupt), Stop() as stop:
        ask(stop, signal.SIGINT)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            time.sleep(0.01)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_ignored_stays_so():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN and not stop.asked()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_nothing_is_caught():
    before, found = signal.getsignal(signal.SIGINT), []

    def enter():
        with Stop() as stop:
            found.append((signal.getsignal(signal.SIGINT), stop.asked()))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [(before, False)]
