"""Every reason code of ingestion: what happens, and one fixed sentence for people, in English and Spanish.

The sentences hold no values, so they may stand in logs, in the orchestrator and in the published quality tables.
``docs/reason-codes.md`` is written from this table (a test compares them).
"""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["reject", "hold", "defer", "ignore", "quarantine", "warn", "norm"]


@dataclass(frozen=True)
class Reason:
    """What a code means: its usual outcome and the sentence that tells a person what to do."""

    outcome: Outcome
    en: str
    es: str


REASONS: dict[str, Reason] = {
    # the whole file
    "STILL_WRITING": Reason(
        "defer",
        "The file is still being written; it is looked at again next time.",
        "El archivo todavía se está escribiendo; se revisará la próxima vez.",
    ),
    "WORKBOOK_OPEN": Reason(
        "defer",
        "Somebody has the workbook open; it is loaded when it is closed.",
        "Alguien tiene abierto el libro; se cargará cuando se cierre.",
    ),
    "EMPTY_FILE": Reason(
        "reject",
        "The file is empty (0 bytes). Export it again.",
        "El archivo está vacío (0 bytes). Expórtelo de nuevo.",
    ),
    "CORRUPT": Reason(
        "reject",
        "The file is damaged or cut off. Copy or export it again.",
        "El archivo está dañado o incompleto. Cópielo o expórtelo de nuevo.",
    ),
    "NOT_REGULAR": Reason(
        "reject",
        "This is a link or a device, not a file. Copy the file itself into the inbox.",
        "Es un enlace o un dispositivo, no un archivo. Copie el archivo mismo.",
    ),
    "UNREADABLE": Reason(
        "reject",
        "The file cannot be opened for reading. Check its permissions.",
        "No se puede abrir el archivo. Revise los permisos.",
    ),
    "UNSAFE_ARCHIVE": Reason(
        "reject",
        "The archive holds paths that point outside it. It was not unpacked.",
        "El archivo comprimido contiene rutas peligrosas. No se descomprimió.",
    ),
    "ARCHIVE_LIMIT": Reason(
        "reject",
        "The archive holds archives, too many members, or mixed kinds. Send the exports one by one.",
        "El archivo contiene archivos comprimidos, demasiados miembros o tipos mezclados. Envíelas una por una.",
    ),
    "TOO_BIG": Reason(
        "reject",
        "The file is larger, once unpacked, than the limit allows.",
        "El archivo, una vez descomprimido, supera el límite permitido.",
    ),
    "UNSAFE_XML": Reason(
        "reject",
        "The workbook carries XML declarations that no export needs. It was not parsed.",
        "El libro contiene declaraciones XML que ninguna exportación necesita. No se procesó.",
    ),
    "PASSWORD": Reason(
        "reject",
        "The file is protected by a password. Open it, remove the password, and save it again.",
        "El archivo está protegido con contraseña. Ábralo, quite la contraseña y guárdelo de nuevo.",
    ),
    "MACROS": Reason(
        "reject",
        "The workbook holds macros. Save it as .xlsx without macros.",
        "El libro contiene macros. Guárdelo como .xlsx sin macros.",
    ),
    "WRONG_TYPE": Reason(
        "reject",
        "The content is not of the kind its name says. Save it again in the format named.",
        "El contenido no corresponde a la extensión. Guárdelo de nuevo en el formato indicado.",
    ),
    "ENCODING": Reason(
        "reject",
        "The text cannot be decoded. Save it again as UTF-8.",
        "No se puede decodificar el texto. Guárdelo de nuevo como UTF-8.",
    ),
    "NO_SHEETS": Reason(
        "reject", "The workbook has no worksheet that can be read.", "El libro no tiene ninguna hoja legible."
    ),
    "NO_HEADER": Reason(
        "reject",
        "No header row of a known form was found in the first rows.",
        "No se encontró una fila de encabezado conocida en las primeras filas.",
    ),
    "WRONG_KIND": Reason(
        "reject",
        "The file is not one of the known exports. The nearest one is named in the rejection note.",
        "El archivo no es una de las exportaciones conocidas. La más parecida se indica en la nota.",
    ),
    "MISSING_COLUMN": Reason(
        "reject",
        "A column that the form must have is missing or named in an unknown way.",
        "Falta una columna obligatoria o tiene un nombre desconocido.",
    ),
    "DUPLICATE_COLUMN": Reason("reject", "Two columns carry the same name.", "Dos columnas tienen el mismo nombre."),
    "SCALE_MISMATCH": Reason(
        "reject",
        "The answers of a whole question lie outside its scale: the export uses other codes.",
        "Las respuestas de toda una pregunta están fuera de su escala: la exportación usa otros códigos.",
    ),
    "UNKNOWN_LABEL": Reason(
        "reject",
        "The file holds answer texts that are in no label table. Add them to the feed's labels.",
        "El archivo contiene textos de respuesta desconocidos. Agréguelos a las etiquetas.",
    ),
    "UNEVEN_ROWS": Reason(
        "reject",
        "More than one row in twenty has another number of cells than the header.",
        "Más de una de cada veinte filas tiene otro número de celdas que el encabezado.",
    ),
    "PII_IN_RESEARCH_DROP": Reason(
        "reject",
        "A file that must be de-identified carries an identifying column.",
        "Un archivo que debe ser anónimo contiene una columna identificadora.",
    ),
    "SHRUNK": Reason(
        "hold",
        "The export holds far fewer records than the last one. It waits for a confirmation.",
        "La exportación tiene muchos menos registros que la anterior. Espera confirmación.",
    ),
    "DUPLICATE_OF": Reason(
        "ignore",
        "The same bytes were loaded before; nothing to do.",
        "Los mismos bytes ya se cargaron; no hay nada que hacer.",
    ),
    "NOT_DATA": Reason(
        "ignore",
        "A lock, temporary or system file; it is never read.",
        "Un archivo de bloqueo, temporal o del sistema; nunca se lee.",
    ),
    "SURVEY_DEFINITION": Reason(
        "ignore",
        "A survey definition (.qsf): read for its codebook, it holds no answers.",
        "Una definición de encuesta (.qsf): se usa su libro de códigos, no contiene respuestas.",
    ),
    "NO_ROWS": Reason(
        "warn",
        "The form was recognised but holds no data rows.",
        "Se reconoció el formulario, pero no tiene filas de datos.",
    ),
    # warnings about a file
    "ROWS_ADDED": Reason(
        "norm",
        "Records that the last export of this feed did not have.",
        "Registros que la última exportación no tenía.",
    ),
    "ROWS_CHANGED": Reason(
        "norm", "Records that differ from the last export.", "Registros que difieren de la última exportación."
    ),
    "ROWS_VANISHED": Reason(
        "warn",
        "Records of the last export that are not in this one; they are kept, marked absent.",
        "Registros de la última exportación que faltan en esta; se conservan, marcados como ausentes.",
    ),
    "OUT_OF_ORDER": Reason(
        "warn",
        "An older export than one already loaded; it does not overwrite newer facts.",
        "Una exportación más antigua que otra ya cargada; no reemplaza datos más nuevos.",
    ),
    "CONFLICT_COPY": Reason(
        "warn",
        "The name looks like a conflict copy of a sync program.",
        "El nombre parece una copia en conflicto de un programa de sincronización.",
    ),
    "OPENED_ELSEWHERE": Reason(
        "warn",
        "A lock file lies beside the workbook for long; it was loaded all the same.",
        "Hay un archivo de bloqueo desde hace tiempo; el libro se cargó de todos modos.",
    ),
    "EXTERNAL_CONTENT": Reason(
        "warn",
        "The workbook holds links, connections, embedded objects or pictures. They were not followed.",
        "El libro contiene vínculos, conexiones, objetos o imágenes. No se siguieron.",
    ),
    "HIDDEN": Reason(
        "warn",
        "Hidden rows, columns or sheets were read like the others.",
        "Las filas, columnas u hojas ocultas se leyeron como las demás.",
    ),
    "SHEET_SKIPPED": Reason(
        "warn",
        "A sheet of no known form was not loaded; its rows are counted as structural.",
        "Una hoja desconocida no se cargó; sus filas se cuentan como estructurales.",
    ),
    "NEW_COLUMN": Reason(
        "warn",
        "A new column; its cells wait in the identified zone until somebody tags it.",
        "Una columna nueva; sus celdas esperan en la zona identificada hasta que alguien la etiquete.",
    ),
    "SYNONYM": Reason(
        "warn",
        "A column was recognised by a synonym of its name.",
        "Una columna se reconoció por un sinónimo de su nombre.",
    ),
    "COLUMN_ABSENT": Reason(
        "warn", "A column that the form may have is not in this file.", "Una columna opcional no está en este archivo."
    ),
    "FORMULA": Reason(
        "warn",
        "Formula cells were read by the value the workbook stores for them.",
        "Las celdas con fórmula se leyeron por el valor guardado.",
    ),
    "MAYBE_CUT_OFF": Reason(
        "warn",
        "The sheet is exactly as long as Excel allows: the export may be cut off.",
        "La hoja tiene exactamente el máximo de filas de Excel: la exportación puede estar cortada.",
    ),
    "MAYBE_TRUNCATED": Reason(
        "warn",
        "A cell is exactly as long as Excel allows: its text may be cut off.",
        "Una celda tiene la longitud máxima de Excel: el texto puede estar cortado.",
    ),
    "ENCODING_DETECTED": Reason(
        "norm",
        "The file is not UTF-8; the encoding found was used.",
        "El archivo no es UTF-8; se usó la codificación detectada.",
    ),
    "MOJIBAKE": Reason(
        "warn",
        "Some text looks wrongly decoded at the source.",
        "Parte del texto parece mal decodificado en el origen.",
    ),
    "DELIMITER": Reason(
        "norm",
        "The cells are not separated by commas; the separator found was used.",
        "Las celdas no están separadas por comas; se usó el separador encontrado.",
    ),
    "NO_TIME_ZONE": Reason(
        "warn",
        "The file names no time zone; local dates are taken as written.",
        "El archivo no indica zona horaria; las fechas se toman como están.",
    ),
    "PARTIAL_EXPORT": Reason(
        "warn", "Fewer questions or columns than the survey has.", "Menos preguntas o columnas que la encuesta."
    ),
    "LABELS_DISAGREE": Reason(
        "warn",
        "Value labels in the file disagree with the feed's label table.",
        "Las etiquetas del archivo no coinciden con la tabla de etiquetas.",
    ),
    "STALE": Reason(
        "warn",
        "No new file of this feed for longer than expected.",
        "No hay archivo nuevo de esta fuente desde hace más de lo esperado.",
    ),
    "CHANGED_HEADER": Reason(
        "warn",
        "The header differs from the last file of this feed.",
        "El encabezado difiere del último archivo de esta fuente.",
    ),
    # rows and cells
    "MISSING_KEY": Reason(
        "quarantine", "The row has no record key or client ID.", "La fila no tiene clave de registro o ID de cliente."
    ),
    "ID_UNREADABLE": Reason(
        "quarantine",
        "The client ID cannot be read as one ID of this agency.",
        "El ID de cliente no se puede leer como un ID de esta agencia.",
    ),
    "ID_DAMAGED": Reason(
        "quarantine",
        "The ID was turned into a rounded number; its digits are lost. Export it as text.",
        "El ID se convirtió en un número redondeado; se perdieron dígitos. Expórtelo como texto.",
    ),
    "ID_NORMALISED": Reason(
        "norm",
        "The client ID was typed in another way and read as the one ID it can mean.",
        "El ID de cliente se escribió de otra forma y se leyó como el único ID posible.",
    ),
    "ID_UNMATCHED": Reason(
        "warn",
        "The client ID typed in the survey is no ID of this agency; the response waits in the review queue.",
        "El ID escrito en la encuesta no es un ID de esta agencia; la respuesta espera revisión.",
    ),
    "KEY_CONFLICT": Reason(
        "quarantine",
        "Rows with one key differ, and no date tells which is newer.",
        "Filas con la misma clave difieren y ninguna fecha indica cuál es más nueva.",
    ),
    "MERGED_KEY": Reason(
        "quarantine",
        "The key lies in merged cells; unmerge them before exporting.",
        "La clave está en celdas combinadas; sepárelas antes de exportar.",
    ),
    "DATE_INVALID": Reason("quarantine", "The cell holds no possible date.", "La celda no contiene una fecha posible."),
    "DATE_AMBIGUOUS": Reason(
        "quarantine",
        "The order of day and month contradicts the file's declared order.",
        "El orden de día y mes contradice el declarado para el archivo.",
    ),
    "DATE_EPOCH": Reason(
        "quarantine",
        "The date is off by 1,462 days: pasted between workbooks of different date systems.",
        "La fecha difiere 1462 días: pegada entre libros con sistemas de fecha distintos.",
    ),
    "DATE_SERIAL": Reason(
        "norm",
        "A spreadsheet's serial number was read as the date it means.",
        "Un número de serie de hoja de cálculo se leyó como la fecha que representa.",
    ),
    "DATE_TEXT": Reason(
        "norm",
        "A date written as text was read by the feed's declared order.",
        "Una fecha escrita como texto se leyó según el orden declarado.",
    ),
    "DATE_FUTURE": Reason("warn", "The date lies after the export.", "La fecha es posterior a la exportación."),
    "DATE_TOO_OLD": Reason(
        "warn",
        "The date lies before anything this agency can have recorded.",
        "La fecha es anterior a cualquier registro posible de la agencia.",
    ),
    "BEFORE_BIRTH": Reason(
        "warn", "The date lies before the date of birth.", "La fecha es anterior a la fecha de nacimiento."
    ),
    "EXIT_BEFORE_INTAKE": Reason("warn", "The exit lies before the intake.", "La salida es anterior al ingreso."),
    "EXCEL_DATE": Reason(
        "quarantine", "A spreadsheet turned the code into a date.", "Una hoja de cálculo convirtió el código en fecha."
    ),
    "NUMBER_INVALID": Reason("quarantine", "The cell holds no number.", "La celda no contiene un número."),
    "NUMBER_TEXT": Reason(
        "norm",
        "A number written with separators or signs was read as the number.",
        "Un número escrito con separadores o signos se leyó como número.",
    ),
    "OUT_OF_RANGE": Reason(
        "quarantine", "The value lies outside the range the form allows.", "El valor está fuera del rango permitido."
    ),
    "UNMAPPED": Reason(
        "warn",
        "The value is in no code list; it is kept as 'unmapped'.",
        "El valor no está en la lista de códigos; se guarda como 'unmapped'.",
    ),
    "UNKNOWN_CODE": Reason(
        "quarantine",
        "The value is in no code list, and this column must be known.",
        "El valor no está en la lista de códigos y esta columna es obligatoria.",
    ),
    "ALIAS": Reason(
        "norm", "The value was recognised by a known other spelling.", "El valor se reconoció por otra forma conocida."
    ),
    "ERROR_CELL": Reason(
        "quarantine", "The cell holds a spreadsheet error.", "La celda contiene un error de hoja de cálculo."
    ),
    "ERROR_CELL_KEPT_EMPTY": Reason(
        "warn",
        "A cell of an optional column holds a spreadsheet error and was left empty.",
        "Una celda opcional contiene un error y se dejó vacía.",
    ),
    "UNCACHED_FORMULA": Reason(
        "quarantine",
        "The formula was never calculated. Open the workbook in Excel and save it.",
        "La fórmula nunca se calculó. Abra el libro en Excel y guárdelo.",
    ),
    "ROW_UNEVEN": Reason(
        "quarantine",
        "The row has another number of cells than the header.",
        "La fila tiene otro número de celdas que el encabezado.",
    ),
    "NUL_BYTE": Reason("norm", "NUL bytes were removed from the text.", "Se quitaron bytes NUL del texto."),
    "PREVIEW": Reason(
        "norm",
        "Survey previews: kept in raw, no study ever uses them.",
        "Vistas previas de la encuesta: se guardan pero no se usan.",
    ),
    "TEST": Reason(
        "norm",
        "Test responses: kept in raw, no study ever uses them.",
        "Respuestas de prueba: se guardan pero no se usan.",
    ),
    "SPAM": Reason(
        "norm",
        "Responses marked as spam: kept in raw, no study ever uses them.",
        "Respuestas marcadas como spam: se guardan pero no se usan.",
    ),
    "DECLARED_MISSING": Reason(
        "norm",
        "Declared missing codes were read as missing, with their reason kept.",
        "Los códigos de valor perdido se leyeron como perdidos, con su motivo.",
    ),
    "DUPLICATE_ROW": Reason(
        "norm",
        "Exact duplicate rows: one is loaded, the others are counted.",
        "Filas duplicadas exactas: se carga una y las demás se cuentan.",
    ),
    "OVERRIDE_APPLIED": Reason(
        "norm", "A correction of config/overrides.csv was applied.", "Se aplicó una corrección de config/overrides.csv."
    ),
    "OVERRIDE_UNUSED": Reason(
        "warn",
        "A correction of config/overrides.csv matched nothing.",
        "Una corrección de config/overrides.csv no coincidió con nada.",
    ),
    "OVERRIDE_EXPIRED": Reason(
        "warn",
        "A correction of config/overrides.csv has expired.",
        "Una corrección de config/overrides.csv ha vencido.",
    ),
    "READER_FAILED": Reason(
        "reject",
        "The file could not be read; its structure is not what its kind demands.",
        "No se pudo leer el archivo; su estructura no es la esperada.",
    ),
}


def outcome_of(code: str) -> Outcome:
    """The usual outcome of a reason code."""
    return REASONS[code].outcome


def sentence(code: str, language: str = "en") -> str:
    """The fixed sentence of a reason code, in English or (``es``) Spanish."""
    reason = REASONS[code]
    return reason.es if language == "es" else reason.en
