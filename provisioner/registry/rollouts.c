/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"id, image, version, before, waves, max_unavailable, within, state, reason, created, "     \
	"changed"
#define NODE_COLUMNS "rollout, node, name, wave, phase, seen, boot, ordered, since, text"
#define KEPT_ROLLOUTS "30"

static const char *const states[] = { [ROLLOUT_RUNNING] = "running",
	[ROLLOUT_PAUSED] = "paused",
	[ROLLOUT_STOPPED] = "stopped",
	[ROLLOUT_ABORTING] = "aborting",
	[ROLLOUT_ABORTED] = "aborted",
	[ROLLOUT_DONE] = "done" };

static const char *const phases[] = { [ROLLOUT_SAME] = "same",
	[ROLLOUT_WAITING] = "waiting",
	[ROLLOUT_DRAINING] = "draining",
	[ROLLOUT_REBOOTING] = "rebooting",
	[ROLLOUT_RELEASING] = "releasing",
	[ROLLOUT_UPDATED] = "updated",
	[ROLLOUT_LATER] = "later",
	[ROLLOUT_LEFT_OUT] = "left-out",
	[ROLLOUT_FAILED] = "failed",
	[ROLLOUT_PUT_BACK] = "put-back" };

#define STATES (sizeof(states) / sizeof(states[0]))
#define PHASES (sizeof(phases) / sizeof(phases[0]))

const char *registry_rollout_state_name(enum registry_rollout_state state)
{
	return states[state];
}

const char *registry_rollout_phase_name(enum registry_rollout_phase phase)
{
	return phases[phase];
}

/* The place of a word, or `fallback` for one that no version of ours has written. */
static size_t place_of(const char *const words[], size_t n, const char *word, size_t fallback)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return fallback;
}

static void take_row(sqlite3_stmt *row, struct registry_rollout *rollout)
{
	char state[16];

	memset(rollout, 0, sizeof(*rollout));
	rollout->id = sqlite3_column_int64(row, 0);
	registry_column_text(row, 1, rollout->image, sizeof(rollout->image));
	registry_column_text(row, 2, rollout->version, sizeof(rollout->version));
	registry_column_text(row, 3, rollout->before, sizeof(rollout->before));
	registry_column_text(row, 4, rollout->waves, sizeof(rollout->waves));
	rollout->max_unavailable = (unsigned)sqlite3_column_int(row, 5);
	rollout->within_s = (unsigned)sqlite3_column_int(row, 6);
	registry_column_text(row, 7, state, sizeof(state));
	rollout->state =
		(enum registry_rollout_state)place_of(states, STATES, state, ROLLOUT_ABORTED);
	registry_column_text(row, 8, rollout->reason, sizeof(rollout->reason));
	rollout->created_ms = sqlite3_column_int64(row, 9);
	rollout->changed_ms = sqlite3_column_int64(row, 10);
}

static int run(struct registry *registry, const char *sql)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry, sql, &result);

	return statement ? registry_finish(registry, statement) : result;
}

/* Old ones that are over leave, so that the tables have a bound. */
static int trim(struct registry *registry)
{
	int result = run(registry,
		"DELETE FROM rollouts WHERE state IN ('done', 'aborted') AND id NOT IN"
		" (SELECT id FROM rollouts ORDER BY id DESC LIMIT " KEPT_ROLLOUTS ")");

	if (result == 0)
		result = run(registry,
			"DELETE FROM rollout_nodes WHERE rollout NOT IN (SELECT id FROM rollouts)");
	return result;
}

int registry_put_rollout(struct registry *registry, struct registry_rollout *rollout)
{
	bool fresh = rollout->id == 0;
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT OR REPLACE INTO rollouts(" COLUMNS
		") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&result);

	if (!statement)
		return result;
	if (!fresh)
		sqlite3_bind_int64(statement, 1, rollout->id);
	registry_bind_text(statement, 2, rollout->image);
	registry_bind_text(statement, 3, rollout->version);
	registry_bind_text(statement, 4, rollout->before);
	registry_bind_text(statement, 5, rollout->waves);
	sqlite3_bind_int64(statement, 6, rollout->max_unavailable);
	sqlite3_bind_int64(statement, 7, rollout->within_s);
	registry_bind_text(statement, 8, states[rollout->state]);
	registry_bind_text(statement, 9, rollout->reason);
	sqlite3_bind_int64(statement, 10, rollout->created_ms);
	sqlite3_bind_int64(statement, 11, rollout->changed_ms);
	result = registry_finish(registry, statement);
	if (result != 0 || !fresh)
		return result;
	rollout->id = sqlite3_last_insert_rowid(registry->db);
	return trim(registry);
}

int registry_get_rollout(struct registry *registry, int64_t id, struct registry_rollout *rollout)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT " COLUMNS " FROM rollouts WHERE id = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, id);
	result = registry_step(registry, statement);
	if (result == 0)
		take_row(statement, rollout);
	sqlite3_finalize(statement);
	return result;
}

int registry_each_rollout(struct registry *registry,
	int (*each)(void *argument, const struct registry_rollout *rollout), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT " COLUMNS " FROM rollouts ORDER BY id DESC", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_rollout rollout;

		take_row(statement, &rollout);
		result = each(argument, &rollout);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

static void take_node_row(sqlite3_stmt *row, struct registry_rollout_node *node)
{
	char phase[16];

	memset(node, 0, sizeof(*node));
	node->rollout = sqlite3_column_int64(row, 0);
	node->node = (uint32_t)sqlite3_column_int64(row, 1);
	registry_column_text(row, 2, node->name, sizeof(node->name));
	node->wave = (unsigned)sqlite3_column_int(row, 3);
	registry_column_text(row, 4, phase, sizeof(phase));
	node->phase =
		(enum registry_rollout_phase)place_of(phases, PHASES, phase, ROLLOUT_LEFT_OUT);
	node->seen = sqlite3_column_int(row, 5) != 0;
	node->boot = sqlite3_column_int64(row, 6);
	node->order = sqlite3_column_int64(row, 7);
	node->since_ms = sqlite3_column_int64(row, 8);
	registry_column_text(row, 9, node->text, sizeof(node->text));
}

int registry_put_rollout_node(struct registry *registry, const struct registry_rollout_node *row)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"INSERT INTO rollout_nodes(" NODE_COLUMNS
		") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
		" ON CONFLICT(rollout, node) DO UPDATE SET name = ?3, wave = ?4, phase = ?5, "
		"seen = ?6, boot = ?7, ordered = ?8, since = ?9, text = ?10",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, row->rollout);
	sqlite3_bind_int64(statement, 2, row->node);
	registry_bind_text(statement, 3, row->name);
	sqlite3_bind_int64(statement, 4, row->wave);
	registry_bind_text(statement, 5, phases[row->phase]);
	sqlite3_bind_int(statement, 6, row->seen);
	sqlite3_bind_int64(statement, 7, row->boot);
	sqlite3_bind_int64(statement, 8, row->order);
	sqlite3_bind_int64(statement, 9, row->since_ms);
	registry_bind_text(statement, 10, row->text);
	return registry_finish(registry, statement);
}

int registry_each_rollout_node(struct registry *registry, int64_t rollout,
	int (*each)(void *argument, const struct registry_rollout_node *row), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT " NODE_COLUMNS " FROM rollout_nodes WHERE rollout = ? ORDER BY wave, rowid",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, rollout);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_rollout_node row;

		take_node_row(statement, &row);
		result = each(argument, &row);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_unassign(struct registry *registry, const char *version)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(
		registry, "UPDATE nodes SET assigned = '' WHERE assigned = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, version);
	return registry_finish(registry, statement);
}
