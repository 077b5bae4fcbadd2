"""What the soaks share: memory of a process, read from outside, and checks that are printed and counted."""

MIB = 1 << 20


def status_bytes(pid, key):
    """VmHWM (the peak), VmRSS, ... of a process; 0 where it is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1]) * 1024
    except FileNotFoundError:
        pass
    return 0


class Checks:
    def __init__(self):
        self.failures = 0

    def check(self, holds, text):
        print(("holds    " if holds else "FAILS    ") + text, flush=True)
        self.failures += not holds

    def check_peak(self, peak, limit, planned):
        print(f"peak {peak / MIB:.1f} MiB, planned {planned / MIB:.1f}, cap {limit / MIB:.1f}")
        self.check(peak <= limit, "the peak is within the cap")
        self.check(peak <= planned <= 1.25 * peak, f"the plan is between the peak and 1.25 of it ({planned / peak:.2f})")
