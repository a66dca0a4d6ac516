# SPDX-License-Identifier: Apache-2.0
"""Servers on which a user has exactly the rights that it was granted, and loads by that user."""
import os
import re
import subprocess
import urllib.parse

# How each way of writing is tried: preset and options.
WAYS = {
    "append": ("append", "window=since cursor=updated"),
    "merge": ("timestamp", "cursor=updated key=id"),
    "insert_new": ("upsert", "write=insert_new key=id"),
    "delete_insert": ("upsert", "write=delete_insert key=id"),
    "replace_interval": ("interval", "cursor=updated initial='2024-01-01 00:00:00' until='2025-01-01 00:00:00'"),
    "replace": ("full_refresh", ""),
    "scd2": ("history", "key=id"),
    "swap": ("swap", ""),
    "detect_deletes": ("timestamp", "cursor=updated key=id detect_deletes=keys"),
}
ROWS = "(1, 'tea', '2024-01-01 08:00:00'), (2, 'cake', '2024-01-02 08:00:00'), (3, 'pie', '2024-01-03 08:00:00')"
CHANGES = ["UPDATE orders SET item = 'bun', updated = '2024-01-04 08:00:00' WHERE id = 2",
           "DELETE FROM orders WHERE id = 3", "INSERT INTO orders VALUES (4, 'jam', '2024-01-05 08:00:00')"]


class Server:
    """Two databases, shop and lake, and a user `loader` who may do what it was granted."""

    def run(self, database, statements):
        return self.script([(database, statement) for statement in statements])

    def script(self, steps):
        """Runs [(database, statement)] by one client, which ends at the first that fails."""
        lines, at = [], None
        for database, statement in steps:
            if database != at:
                lines.append(self.go_to(database))
                at = database
            lines.append(statement + ";")
        done = subprocess.run(self.client, input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def table(self, database, has_key=True):
        shape = self.shape if has_key else self.shape.replace("PRIMARY KEY", "NOT NULL")
        return [(database, f"CREATE TABLE orders {shape}")]


class Postgres(Server):
    """PUBLIC may do nothing here."""

    shape = "(id bigint PRIMARY KEY, item text, updated timestamptz NOT NULL)"

    def __init__(self):
        self.url = os.environ["INCLOAD_TEST_POSTGRES"]
        self.client = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url]
        names = ("shop", "lake")
        self.run("incload", ["CREATE ROLE loader LOGIN", *(f"CREATE DATABASE {name}" for name in names),
                             *(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC" for name in names)])
        self.script([(name, "REVOKE ALL ON SCHEMA public FROM PUBLIC") for name in names])

    def go_to(self, database):
        return f"\\connect {database}"

    def named(self, database, user="incload"):
        return re.sub(r"//incload@/incload", f"//{user}@/{database}", self.url)

    def forget(self):
        return [(database, statement) for database in ("shop", "lake")
                for statement in ("SET client_min_messages = error", "DROP OWNED BY loader CASCADE",
                                  "DROP SCHEMA IF EXISTS incload, made CASCADE",
                                  "DROP TABLE IF EXISTS orders CASCADE")]

    def empty(self):
        self.run("lake", ["SET client_min_messages = error", "TRUNCATE orders", "DROP SCHEMA made CASCADE"])

    def user_urls(self):
        return self.named("shop", "loader"), self.named("lake", "loader")

    def admin_urls(self):
        return self.named("shop"), self.named("lake")


class MariaDB(Server):
    shape = ("(id bigint PRIMARY KEY, item varchar(20), updated datetime(6) NOT NULL DEFAULT current_timestamp(6),"
             " KEY (updated)) ENGINE=InnoDB")

    def __init__(self):
        self.socket = re.search(r"Socket=([^;]*)", os.environ["INCLOAD_TEST_MARIADB"])[1]
        self.client = ["mariadb", "--no-defaults", "-N", "-B", f"--socket={self.socket}", "-uincload",
                       "-pbattery staple"]

    def go_to(self, database):
        return f"USE {database};"

    def named(self, database, user="incload", password="battery staple"):
        return (f"odbc:Driver=MariaDB Unicode;Database={database};Socket={self.socket};UID={user};"
                f"PWD={{{password}}}")

    def forget(self):
        return [("incload", statement) for statement in
                ("DROP DATABASE IF EXISTS shop", "DROP DATABASE IF EXISTS lake", "CREATE DATABASE shop",
                 "CREATE DATABASE lake", "DROP USER IF EXISTS loader@localhost",
                 "CREATE USER loader@localhost IDENTIFIED BY 'loader'")]

    def empty(self):
        tables = self.run("lake", ["SHOW TABLES LIKE 'made\\_%'"]).split()
        self.run("lake", ["DELETE FROM orders", *(f"DROP TABLE `{table}`" for table in tables)])

    def user_urls(self):
        return self.named("shop", "loader", "loader"), self.named("lake", "loader", "loader")

    def admin_urls(self):
        return self.named("shop"), self.named("lake")


def begin(library, server, write, grants):
    """New tables: the source, and a target that somebody else made. That of a history has columns of its own."""
    made = write != "scd2"
    rows = [("shop", f"INSERT INTO orders VALUES {ROWS}")]
    # Appending keeps every version of a row, so no key may be in its way.
    target = server.table("lake", write != "append") + grants if made else []
    server.script(server.forget() + server.table("shop") + rows + target)
    if not made:
        failure, _ = library.load(*server.admin_urls(), "orders", *WAYS[write], ledger="made")
        if failure:
            raise AssertionError(f"{write}: {failure}")
        server.empty()
        server.script(grants)


def attempt(library, server, write, grants):
    """Two loads, with changes between them, by a user with these rights: (failure, level of the second)."""
    preset, options = WAYS[write]
    if isinstance(server, MariaDB):
        options += " road=batches"  # as between two servers
    begin(library, server, write, grants)
    failure, level = library.load(*server.user_urls(), "orders", preset, options)
    if not failure:
        server.run("shop", CHANGES)
        failure, level = library.load(*server.user_urls(), "orders", preset, options)
    return failure, level
