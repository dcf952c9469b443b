"""The workers' application: queues, and everything that runs by itself."""

import os
import sys

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

app = Celery("gateway")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Workers log as the web does (settings.LOGGING), redaction included."""


# Celery ends a worker's whole pool of connections before and after each task: a fresh one, with its login, its types
# and its plans, cost more than sending a withdrawal. Here a task gives its connection back to the pool, which throws
# away what broke and keeps what works, as the web's requests do.
app.conf.CELERY_DB_REUSE_MAX = sys.maxsize
for _border in (task_prerun, task_postrun):
    _border.connect(lambda **_: close_old_connections(), weak=False)


# Money out has workers of its own: a provider that hangs on deposits must not hold up a payout, nor the reverse.
app.conf.task_routes = {
    "withdrawals.tasks.send_withdrawal": {"queue": "money-out"},
    "withdrawals.tasks.send_withdrawals": {"queue": "money-out"},
    "withdrawals.tasks.probe_waiting": {"queue": "money-out"},
    "withdrawals.tasks.send_again": {"queue": "money-out"},
    # Slow, and nobody waits for it.
    "withdrawals.tasks.forget_recipients": {"queue": "reports"},
    "withdrawals.tasks.work_on_batch": {"queue": "reports"},
    "payments.tasks.forget_payers": {"queue": "reports"},
    "postbacks.tasks.forget_letters": {"queue": "reports"},
    "gateway.providers.tasks.forget_calls": {"queue": "reports"},
    "gateway.providers.tasks.fetch_media": {"queue": "reports"},
    "withdrawals.tasks.*": {"queue": "pulls"},
    "payments.tasks.open_deposit": {"queue": "money-in"},
    "payments.tasks.send_confirmation": {"queue": "money-in"},
    "payments.tasks.*": {"queue": "pulls"},
    "postbacks.tasks.*": {"queue": "pulls"},
    "gateway.providers.tasks.*": {"queue": "pulls"},
    "gateway.webhooks.tasks.*": {"queue": "webhooks"},
    "gateway.api.tasks.*": {"queue": "reports"},
    "balances.tasks.*": {"queue": "reports"},
    # Minutes of work, in workers of their own: nothing else ever waits for a file.
    "gateway.backoffice.tasks.work_on_export": {"queue": "exports"},
    "gateway.backoffice.tasks.*": {"queue": "reports"},
}

#: A sweep finds what a lost doorbell left behind: 3 s is the longest such a loss delays anybody.
_SWEEP_SECONDS = 3.0
_MINUTE, _HOUR = 60.0, 3600.0

app.conf.beat_schedule = {
    name: {"task": name, "schedule": seconds, "options": {"expires": seconds * 2}}
    for name, seconds in {
        "payments.tasks.sweep_deposits": _SWEEP_SECONDS,
        "payments.tasks.end_overdue": _MINUTE,
        "withdrawals.tasks.sweep_withdrawals": _SWEEP_SECONDS,
        "withdrawals.tasks.sweep_batches": _SWEEP_SECONDS,
        "postbacks.tasks.sweep_letters": _SWEEP_SECONDS,
        "gateway.webhooks.tasks.sweep_deliveries": _SWEEP_SECONDS,
        "gateway.backoffice.tasks.sweep_exports": _SWEEP_SECONDS,
        "gateway.backoffice.tasks.forget_exports": _MINUTE,
        "gateway.providers.tasks.observe_systems": _SWEEP_SECONDS * 5,
        "gateway.providers.tasks.observe_balances": _MINUTE,
        "gateway.providers.tasks.sweep_redirect_hashes": _MINUTE,
        "gateway.providers.tasks.sweep_paused_accounts": _SWEEP_SECONDS,
        "gateway.providers.tasks.sweep_media": _MINUTE,
        "gateway.api.tasks.forget_old_keys": _HOUR,
        "balances.tasks.take_snapshots": _MINUTE,
        "balances.tasks.end_undecided": _HOUR,
        "gateway.backoffice.tasks.count_figures": _MINUTE,
        "withdrawals.tasks.forget_recipients": _MINUTE * 5,
        "payments.tasks.forget_payers": _MINUTE * 5,
        "postbacks.tasks.forget_letters": _MINUTE * 5,
        "gateway.providers.tasks.forget_calls": _MINUTE * 5,
        "gateway.backoffice.tasks.forget_notes": _MINUTE * 5,
    }.items()
}
