"""A primary and a standby that has everything before a commit is answered."""

from harness.postgres import PostgresCluster
from harness.server import wait_until


class Standby(PostgresCluster):
    """Follows `primary`, which from now on waits for it at each commit, until promote()."""

    def __init__(self, primary: PostgresCluster):
        self._primary = primary
        super().__init__(durable=True)

    def _make(self):
        self._run("pg_basebackup", "-D", self._data, "-d", self._primary.url("postgres"),
                  "--write-recovery-conf", "--checkpoint=fast")

    def start(self):
        super().start()
        self._primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'", "postgres")
        self._primary.query("SELECT pg_reload_conf()", "postgres")
        wait_until(lambda: self._primary.query(
            "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'",
            "postgres") == "1", seconds=20)

    def promote(self):
        self.query("SELECT pg_promote()", "postgres")
