"""Reason codes that concern rows and cells."""

from assets.ingest.reason import Reason

ROW_REASONS: dict[str, Reason] = {
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
    "CLIENTS_MERGED": Reason(
        "warn",
        "Rows of a client ID that agency/aliases.csv gives to another client: they count for that client.",
        "Filas de un ID que agency/aliases.csv asigna a otro cliente: se cuentan para ese cliente.",
    ),
    "HANDED_BACK": Reason(
        "norm",
        "Rows mended in the quarantine workbook; they belong to the export they come from.",
        "Filas corregidas en el libro de cuarentena; pertenecen a la exportación de la que provienen.",
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
