"""Reason codes that concern a file as a whole."""

from assets.ingest.reason import Reason

FILE_REASONS: dict[str, Reason] = {
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
        "The file has no content: it is empty, or a placeholder of a cloud folder. Make it available offline, or "
        "export it again.",
        "El archivo no tiene contenido: está vacío o es un marcador de una carpeta en la nube. Descárguelo, o "
        "expórtelo de nuevo.",
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
    "DEFINITION_BESIDE": Reason(
        "reject",
        "The archive holds a survey definition (.qsf) beside other files. Drop the definition by itself.",
        "El archivo comprimido contiene una definición de encuesta (.qsf) junto a otros. Deposítela por separado.",
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
    "OLD_FORM": Reason(
        "warn",
        "The file is of an older edition of its form and does not say when it was made.",
        "El archivo es de una edición anterior del formulario y no indica cuándo se hizo.",
    ),
    "COLUMN_ABSENT": Reason(
        "warn", "A column that the form may have is not in this file.", "Una columna opcional no está en este archivo."
    ),
    "FORMULA": Reason(
        "warn",
        "Formula cells were read by the value the workbook stores for them.",
        "Las celdas con fórmula se leyeron por el valor guardado.",
    ),
    "ERRORS_UNSEEN": Reason(
        "warn",
        "The workbook's own records cannot be followed, so an error cell looks like an empty one. Save it as .xlsx.",
        "No se pueden seguir los registros del libro: una celda con error parece vacía. Guárdelo como .xlsx.",
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
}
