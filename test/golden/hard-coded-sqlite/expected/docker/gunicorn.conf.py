"""Settings of gunicorn, which reads this file at each start:

    gunicorn --config /app/docker/gunicorn.conf.py container_application:application

From the environment: PORT, WEB_CONCURRENCY (number of workers), WORKER_MEMORY_MB, GUNICORN_THREADS,
FORWARDED_ALLOW_IPS (proxies whose X-Forwarded-* headers are believed), LOG_LEVEL.
"""

import os
from pathlib import Path

MOST_WORKERS = 12
CGROUPS = "/sys/fs/cgroup"
# cgroup v1 writes "no limit" as a number of this size.
UNLIMITED_BYTES = 1 << 60


def read_words(path):
    try:
        return path.read_text().split()
    except OSError:
        return []


def cpu_limit(cgroups=CGROUPS):
    """CPUs that this container may use: often fewer than the machine has, and not always whole."""
    available = float(len(os.sched_getaffinity(0)))
    root = Path(cgroups)
    version_2 = read_words(root / "cpu.max")
    version_1 = [
        *read_words(root / "cpu" / "cpu.cfs_quota_us"),
        *read_words(root / "cpu" / "cpu.cfs_period_us"),
    ]
    for words in (version_2, version_1):
        if len(words) == 2 and words[0].isdigit():  # "max" or -1: no limit
            return min(available, int(words[0]) / int(words[1]))
    return available


def memory_limit(cgroups=CGROUPS):
    """Bytes that this container may use, or None without a limit."""
    root = Path(cgroups)
    for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        words = read_words(path)
        if words and words[0].isdigit() and int(words[0]) < UNLIMITED_BYTES:
            return int(words[0])
    return None


def worker_count(environment, cgroups=CGROUPS):
    """WEB_CONCURRENCY where it is set; else two per CPU and one, as many as the memory holds."""
    wanted = environment.get("WEB_CONCURRENCY")
    if wanted:
        return max(1, int(wanted))
    count = min(int(cpu_limit(cgroups) * 2) + 1, MOST_WORKERS)
    memory = memory_limit(cgroups)
    if memory is not None:
        worker_memory = int(environment.get("WORKER_MEMORY_MB") or 150) * 1024 * 1024
        count = min(count, memory // worker_memory)
    return max(1, count)


bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = worker_count(os.environ)
worker_class = "gthread"
threads = int(os.environ.get("GUNICORN_THREADS") or 4)

# Less than the 30 seconds that Kubernetes leaves before it kills. Docker leaves 10 by default:
# stop_grace_period in compose.yaml changes that.
timeout = 25
graceful_timeout = 25

# The workers' heartbeat is a file: in memory it can neither block nor need a writable root.
if os.path.isdir("/dev/shm"):
    worker_tmp_dir = "/dev/shm"
# gunicorn 25.1 and later open a control socket in HOME; older versions ignore this line.
control_socket_disable = True

accesslog = "-"
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")

# True loads the application once, before the workers fork: less memory, as long as nothing that a
# fork breaks (a database connection, a thread, an open file) exists after the import.
preload_app = False

# Against leaks: each worker is replaced after so many requests, not all at the same time.
# max_requests = 1000
# max_requests_jitter = 100
