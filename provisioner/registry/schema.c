/* SPDX-License-Identifier: ISC */
/* The tables, step by step: user_version counts the steps that a file has behind it. */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <stdio.h>

static const char *const steps[] = {
	"CREATE TABLE boards(mac BLOB PRIMARY KEY, serial TEXT NOT NULL DEFAULT '', model INTEGER "
	"NOT NULL,"
	"  revision INTEGER NOT NULL, parked INTEGER NOT NULL, first_seen INTEGER NOT NULL, "
	"last_seen INTEGER NOT NULL);"
	"CREATE INDEX boards_serial ON boards(serial);"
	"CREATE TABLE addresses(mac BLOB PRIMARY KEY, address INTEGER NOT NULL UNIQUE, last_seen "
	"INTEGER NOT NULL);"
	"CREATE TABLE nodes(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	"  address INTEGER NOT NULL UNIQUE, role TEXT NOT NULL, board BLOB UNIQUE, wants_next "
	"INTEGER NOT NULL,"
	"  image TEXT NOT NULL, image_hash TEXT NOT NULL, joined INTEGER NOT NULL, created INTEGER "
	"NOT NULL,"
	"  heartbeat INTEGER NOT NULL);"
	"CREATE TABLE bindings(id INTEGER PRIMARY KEY, node TEXT NOT NULL, board BLOB NOT NULL, at "
	"INTEGER NOT NULL,"
	"  text TEXT NOT NULL);"
	"CREATE INDEX bindings_node ON bindings(node);"
	"CREATE TABLE boots(id INTEGER PRIMARY KEY AUTOINCREMENT, mac BLOB NOT NULL, node TEXT NOT "
	"NULL,"
	"  token TEXT NOT NULL, stage TEXT NOT NULL, reason TEXT NOT NULL, image_hash TEXT NOT "
	"NULL,"
	"  bytes INTEGER NOT NULL, files INTEGER NOT NULL, retransmissions INTEGER NOT NULL,"
	"  started INTEGER NOT NULL, changed INTEGER NOT NULL, ended INTEGER NOT NULL);"
	"CREATE INDEX boots_mac ON boots(mac);"
	"CREATE INDEX boots_node ON boots(node);"
	"CREATE TABLE steps(boot INTEGER NOT NULL, at INTEGER NOT NULL, stage TEXT NOT NULL, "
	"detail TEXT NOT NULL,"
	"  bytes INTEGER NOT NULL, retransmissions INTEGER NOT NULL, duration INTEGER NOT NULL);"
	"CREATE INDEX steps_boot ON steps(boot);"
	"CREATE TABLE events(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT "
	"NOT NULL,"
	"  subject TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE TABLE images(name TEXT PRIMARY KEY, current TEXT NOT NULL, previous TEXT NOT "
	"NULL);",
	/* Nodes whose data directory has still to be renamed. */
	"CREATE TABLE forgotten(name TEXT PRIMARY KEY, at INTEGER NOT NULL);",
	/* Boards that an administrator has announced; single numbers that must last. */
	("CREATE TABLE expected(board TEXT PRIMARY KEY, node TEXT NOT NULL, role TEXT NOT NULL);"
	 "CREATE TABLE facts(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"),
	/* What an administrator says of nodes and boards, and tells nodes to do. */
	("ALTER TABLE nodes ADD COLUMN cordoned INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE nodes ADD COLUMN note TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE boards ADD COLUMN note TEXT NOT NULL DEFAULT '';"
	 "CREATE TABLE orders(id INTEGER PRIMARY KEY AUTOINCREMENT, node INTEGER NOT NULL,"
	 "  verb TEXT NOT NULL, seconds INTEGER NOT NULL, state TEXT NOT NULL, boot INTEGER NOT "
	 "NULL,"
	 "  text TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
	 "  changed INTEGER NOT NULL);"
	 "CREATE INDEX orders_node ON orders(node);"
	 "CREATE INDEX orders_open ON orders(node) WHERE state IN ('pending', 'sent');"),
	/* Why a boot stopped, by its code. */
	"ALTER TABLE boots ADD COLUMN cause TEXT NOT NULL DEFAULT '';",
	/* Which version a node gets. One that has joined was well with what it booted. */
	("ALTER TABLE nodes ADD COLUMN good TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE nodes ADD COLUMN assigned TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE nodes ADD COLUMN avoids TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE nodes ADD COLUMN avoids_why TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE nodes ADD COLUMN failing TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE nodes ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;"
	 "ALTER TABLE nodes ADD COLUMN failed_boot INTEGER NOT NULL DEFAULT 0;"
	 "UPDATE nodes SET good = image_hash WHERE joined;"),
	("CREATE TABLE rollouts(id INTEGER PRIMARY KEY AUTOINCREMENT, image TEXT NOT NULL,"
	 "  version TEXT NOT NULL, before TEXT NOT NULL, waves TEXT NOT NULL,"
	 "  max_unavailable INTEGER NOT NULL, within INTEGER NOT NULL, state TEXT NOT NULL,"
	 "  reason TEXT NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL);"
	 "CREATE TABLE rollout_nodes(rollout INTEGER NOT NULL, node INTEGER NOT NULL,"
	 "  name TEXT NOT NULL, wave INTEGER NOT NULL, phase TEXT NOT NULL, seen INTEGER NOT NULL,"
	 "  boot INTEGER NOT NULL, ordered INTEGER NOT NULL, since INTEGER NOT NULL,"
	 "  text TEXT NOT NULL, PRIMARY KEY(rollout, node));"),
	/* What boards say of their boot. */
	("CREATE TABLE console(id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, at INTEGER NOT NULL, "
	 "text TEXT NOT NULL);"
	 "CREATE INDEX console_boot ON console(boot);"),
	/* Versions that are kept, with blanks between them. */
	"ALTER TABLE images ADD COLUMN pinned TEXT NOT NULL DEFAULT '';",
	/* What an order is about: a disk. */
	"ALTER TABLE orders ADD COLUMN target TEXT NOT NULL DEFAULT '';",
};

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

int registry_newest_schema(void)
{
	return STEPS;
}

int registry_schema_version(struct registry *registry, int *version)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry, "PRAGMA user_version", &result);

	if (!statement)
		return result;
	result = registry_step(registry, statement);
	if (result == 0)
		*version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

static int take_step(struct registry *registry, int number)
{
	char version[64];
	int result = registry_execute(registry, "BEGIN IMMEDIATE");

	snprintf(version, sizeof(version), "PRAGMA user_version = %d", number + 1);
	if (result == 0)
		result = registry_execute(registry, steps[number]);
	if (result == 0)
		result = registry_execute(registry, version);
	if (result == 0)
		return registry_execute(registry, "COMMIT");
	(void)registry_execute(registry, "ROLLBACK");
	return result;
}

int registry_migrate(struct registry *registry, int target)
{
	int version = 0, result = registry_schema_version(registry, &version);

	/* Written by a newer Bramble. */
	if (result == 0 && version > STEPS)
		return -EPROTONOSUPPORT;
	for (; result == 0 && version < target; version++)
		result = take_step(registry, version);
	return result;
}

int registry_create_schema(struct registry *registry)
{
	return registry_migrate(registry, STEPS);
}
