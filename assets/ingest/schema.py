"""The raw and control tables of the working database: made before the first file, so that every later step finds
them."""

from typing import Any

from assets.ingest.config import Feeds

SQL_TYPES = {
    "text": "VARCHAR",
    "id": "VARCHAR",
    "client_id": "VARCHAR",
    "date": "DATE",
    "month": "DATE",
    "datetime": "TIMESTAMP",
    "integer": "INTEGER",
    "number": "DOUBLE",
    "code": "VARCHAR",
    "multi": "VARCHAR",
}
ORIGIN = "file_token VARCHAR, sheet VARCHAR, row_number BIGINT, row_hash VARCHAR"
_SURVEY_COLUMNS = (
    "client_id_raw VARCHAR, client_id VARCHAR, response_id VARCHAR, start_date TIMESTAMP, end_date TIMESTAMP, "
    "recorded_date TIMESTAMP, time_zone VARCHAR, recorded_at_utc TIMESTAMP, recorded_on DATE, status INTEGER, "
    "progress INTEGER, duration_seconds INTEGER, finished BOOLEAN, user_language VARCHAR, "
    "distribution_channel VARCHAR, missing_items VARCHAR, copy_quality SMALLINT"
)

CONTROL = (
    """CREATE TABLE IF NOT EXISTS control.files (
        file_token VARCHAR PRIMARY KEY, sha256 VARCHAR, name VARCHAR, kind VARCHAR, form_version VARCHAR, status
        VARCHAR,
        reason VARCHAR, exported_at TIMESTAMP, first_seen TIMESTAMP, loaded_at TIMESTAMP, bytes BIGINT,
        rows_read BIGINT, rows_loaded BIGINT, rows_quarantined BIGINT, rows_duplicate BIGINT, rows_structural BIGINT,
        rows_erased BIGINT, map_hash VARCHAR)""",
    "ALTER TABLE control.files ADD COLUMN IF NOT EXISTS first_loaded_at TIMESTAMP",
    """CREATE TABLE IF NOT EXISTS control.findings (
        file_token VARCHAR, sheet VARCHAR, row_number BIGINT, column_name VARCHAR, code VARCHAR, severity VARCHAR,
        n BIGINT)""",
    """CREATE TABLE IF NOT EXISTS control.quarantine (
        quarantine_id VARCHAR, file_token VARCHAR, sheet VARCHAR, row_number BIGINT, column_name VARCHAR, rule_code
        VARCHAR,
        scope VARCHAR, state VARCHAR, cells VARCHAR, opened_at TIMESTAMP, closed_at TIMESTAMP)""",
    "ALTER TABLE control.quarantine ADD COLUMN IF NOT EXISTS record_key VARCHAR",
    """CREATE TABLE IF NOT EXISTS control.file_columns (
        file_token VARCHAR, sheet VARCHAR, header_row BIGINT, position INTEGER, name VARCHAR,
        column_name VARCHAR, how VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS control.overrides (
        feed VARCHAR, record_key VARCHAR, column_name VARCHAR, old_value VARCHAR, new_value VARCHAR, author VARCHAR,
        reason VARCHAR, expiry DATE, state VARCHAR, hits INTEGER, fingerprint VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS control.survey_review (
        feed VARCHAR, response_id VARCHAR, client_id_raw VARCHAR, recorded_on DATE, suggestion_1 VARCHAR,
        suggestion_2 VARCHAR, suggestion_3 VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS control.confirmed_files (
        file_token VARCHAR, confirmed_by VARCHAR, confirmed_at TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS control.survey_definitions (
        file_token VARCHAR, survey_id VARCHAR, survey_name VARCHAR, modified_at TIMESTAMP, position INTEGER,
        import_id VARCHAR, export_tag VARCHAR, question VARCHAR, kind VARCHAR, language VARCHAR, code VARCHAR,
        label VARCHAR, parts VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS control.client_aliases (client_id_raw VARCHAR, client_id VARCHAR, reason VARCHAR)",
)


def raw_columns(feeds: Feeds) -> dict[str, str]:
    """Raw table → its columns as SQL, the common ones included."""
    tables: dict[str, str] = {}
    for name, table in feeds.tables.items():
        columns = []
        for column_name, column in table.columns.items():
            if column.type == "client_id":
                columns.append("client_id_raw VARCHAR")
            columns.append(f"{column_name} {SQL_TYPES[column.type]}")
        tables[name] = f"{ORIGIN}, {', '.join(columns)}"
    for name, survey in feeds.surveys.items():
        types = dict.fromkeys(survey.items, "SMALLINT") | dict.fromkeys(survey.multi, SQL_TYPES["multi"])
        items = ", ".join(f"{item} {kind}" for item, kind in types.items())
        tables[name] = f"{ORIGIN}, {_SURVEY_COLUMNS}, {items}"
    for name in feeds.spss:
        tables[name] = (
            f"{ORIGIN}, case_number INTEGER, variable VARCHAR, value_number DOUBLE, value_text VARCHAR, "
            "missing_reason VARCHAR"
        )
        tables[f"{name}_variables"] = (
            "file_token VARCHAR, position INTEGER, variable VARCHAR, label VARCHAR, measure VARCHAR, format VARCHAR, "
            "value_labels VARCHAR, user_missing VARCHAR"
        )
        tables[f"{name}_sets"] = (
            "file_token VARCHAR, position INTEGER, name VARCHAR, label VARCHAR, kind VARCHAR, counted_value VARCHAR, "
            "members VARCHAR"
        )
    tables["unmapped_cells"] = f"{ORIGIN}, column_name VARCHAR, value VARCHAR"
    return tables


def create_tables(connection: Any, feeds: Feeds) -> None:
    """Create schemas and tables that are not there yet, and add columns that a map has gained since."""
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    connection.execute("CREATE SCHEMA IF NOT EXISTS control")
    for statement in CONTROL:
        connection.execute(statement)
    present = {
        (table, column)
        for table, column in connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'raw'"
        ).fetchall()
    }
    for table, columns in raw_columns(feeds).items():
        connection.execute(f"CREATE TABLE IF NOT EXISTS raw.{table} ({columns})")
        for definition in columns.split(", "):
            column = definition.split(" ")[0]
            if any(name == table for name, _ in present) and (table, column) not in present:
                connection.execute(f"ALTER TABLE raw.{table} ADD COLUMN {definition}")
