// Jira's sentences. Atlassian answers in the account's language, so whoever matches on these
// texts is wrong; one account of the seed reads German to show it.

const TEXTS = {
    issue_missing: {
        en: 'Issue does not exist or you do not have permission to see it.',
        de: 'Der Vorgang existiert nicht oder Sie haben keine Berechtigung, ihn anzuzeigen.' },
    project_missing: {
        en: "No project could be found with key '%s'.",
        de: 'Es konnte kein Projekt mit dem Schlüssel „%s“ gefunden werden.' },
    project_required: { en: 'valid project is required', de: 'Gültiges Projekt ist erforderlich' },
    type_required: { en: 'Specify an issue type', de: 'Geben Sie einen Vorgangstyp an' },
    type_invalid: {
        en: 'Specify a valid issue type', de: 'Geben Sie einen gültigen Vorgangstyp an' },
    summary_required: {
        en: 'You must specify a summary of the issue.',
        de: 'Sie müssen eine Zusammenfassung des Vorgangs angeben.' },
    summary_long: {
        en: 'Summary must be less than 255 characters.',
        de: 'Die Zusammenfassung muss kürzer als 255 Zeichen sein.' },
    summary_newline: {
        en: 'The summary is invalid because it contains newline characters.',
        de: 'Die Zusammenfassung ist ungültig, weil sie Zeilenumbrüche enthält.' },
    field_required: { en: '%s is required.', de: '%s ist erforderlich.' },
    field_unknown: {
        en: "Field '%s' cannot be set. It is not on the appropriate screen, or unknown.",
        de: 'Das Feld „%s“ kann nicht gesetzt werden. Es ist nicht auf der Maske oder unbekannt.' },
    want_string: { en: 'Operation value must be a string', de: 'Der Wert muss ein Text sein' },
    want_number: { en: 'Operation value must be a number', de: 'Der Wert muss eine Zahl sein' },
    want_array: { en: 'data was not an array', de: 'Die Daten waren keine Liste' },
    want_adf: {
        en: 'Operation value must be an Atlassian Document (see the Atlassian Document Format)',
        de: 'Der Wert muss ein Atlassian-Dokument sein (siehe Atlassian Document Format)' },
    option_invalid: {
        en: "Specify a valid 'id' or 'name' for %s",
        de: 'Geben Sie eine gültige „id“ oder einen gültigen „name“ für %s an' },
    label_spaces: {
        en: "The label '%s' contains spaces which is invalid.",
        de: 'Das Label „%s“ enthält Leerzeichen und ist deshalb ungültig.' },
    date_invalid: {
        en: 'Due date must be of the format "yyyy-MM-dd"',
        de: 'Das Fälligkeitsdatum muss das Format „yyyy-MM-dd“ haben' },
    assignee_invalid: {
        en: "User '%s' cannot be assigned issues.",
        de: 'Dem Benutzer „%s“ können keine Vorgänge zugewiesen werden.' },
    reporter_invalid: {
        en: 'The reporter specified is not a user.',
        de: 'Der angegebene Autor ist kein Benutzer.' },
    parent_invalid: {
        en: 'Could not find issue by id or key.',
        de: 'Der Vorgang konnte weder über die ID noch über den Schlüssel gefunden werden.' },
    parent_required: {
        en: 'Issue type is a sub-task but parent issue key or id not specified.',
        de: 'Der Vorgangstyp ist ein Untervorgang, aber der übergeordnete Vorgang fehlt.' },
    both_fields_update: {
        en: "Field '%s' cannot appear in both 'fields' and 'update'",
        de: 'Das Feld „%s“ darf nicht zugleich in „fields“ und „update“ stehen' },
    no_create: {
        en: 'You do not have permission to create issues in this project.',
        de: 'Sie dürfen in diesem Projekt keine Vorgänge erstellen.' },
    no_edit: {
        en: 'You do not have permission to edit issues in this project.',
        de: 'Sie dürfen in diesem Projekt keine Vorgänge bearbeiten.' },
    no_delete: {
        en: 'You do not have permission to delete issues in this project.',
        de: 'Sie dürfen in diesem Projekt keine Vorgänge löschen.' },
    no_comment: {
        en: 'You do not have the permission to comment on this issue.',
        de: 'Sie dürfen diesen Vorgang nicht kommentieren.' },
    has_subtasks: {
        en: "The issue '%s' has subtasks.  You must specify the 'deleteSubtasks' parameter to " +
            'delete this issue and all its subtasks.',
        de: 'Der Vorgang „%s“ hat Untervorgänge. Geben Sie „deleteSubtasks“ an.' },
    comment_invalid: { en: 'Comment body is not valid!', de: 'Der Kommentar ist ungültig!' },
    comment_empty: {
        en: 'Comment body can not be empty!', de: 'Der Kommentar darf nicht leer sein!' },
    comment_missing: {
        en: 'Can not find a comment for the id: %s.',
        de: 'Es gibt keinen Kommentar mit der ID %s.' },
    transition_missing: {
        en: "Missing 'transition' identifier", de: 'Die Angabe „transition“ fehlt' },
    transition_unknown: {
        en: "Transition id '%s' is not valid for this issue.",
        de: 'Der Übergang „%s“ ist für diesen Vorgang nicht gültig.' },
    transition_illegal: {
        en: 'It seems that you have tried to perform a workflow operation (%s) that is not valid ' +
            'for the current state of this issue (%s). The likely cause is that somebody has ' +
            'changed the issue recently, please look at the issue history for details.',
        de: 'Der Arbeitsschritt (%s) ist im aktuellen Status dieses Vorgangs (%s) nicht gültig. ' +
            'Wahrscheinlich hat jemand den Vorgang inzwischen geändert.' },
    jql_unbounded: {
        en: 'Unbounded JQL queries are not allowed here. Please add a search restriction to your ' +
            'query.',
        de: 'Unbegrenzte JQL-Abfragen sind hier nicht erlaubt. Bitte die Suche einschränken.' },
    jql_field: {
        en: "Field '%s' does not exist or you do not have permission to view it.",
        de: 'Das Feld „%s“ existiert nicht oder Sie dürfen es nicht sehen.' },
    jql_function: {
        en: "Unable to find JQL function '%s()'.",
        de: 'Die JQL-Funktion „%s()“ wurde nicht gefunden.' },
    jql_operator: {
        en: "The operator '%s' is not supported by the '%s' field.",
        de: 'Der Operator „%s“ wird vom Feld „%s“ nicht unterstützt.' },
    jql_date: {
        en: "Date value '%s' for field '%s' is invalid.",
        de: 'Der Datumswert „%s“ des Feldes „%s“ ist ungültig.' },
    jql_syntax: {
        en: "Error in the JQL Query: Expecting %s but got '%s'. (line 1, character %s)",
        de: 'Fehler in der JQL-Abfrage: %s erwartet, aber „%s“ gefunden. (Zeile 1, Zeichen %s)' },
    page_token: {
        en: 'The provided nextPageToken is invalid or has expired.',
        de: 'Das angegebene nextPageToken ist ungültig oder abgelaufen.' },
    max_results: {
        en: 'The maxResults parameter must be between 1 and 5,000.',
        de: 'Der Parameter maxResults muss zwischen 1 und 5.000 liegen.' },
    order_by: {
        en: 'The field to order by must be one of [created]. Instead: %s',
        de: 'Das Sortierfeld muss eines von [created] sein. Stattdessen: %s' },
    user_missing: {
        en: 'Specified user does not exist or you do not have required permissions',
        de: 'Der Benutzer existiert nicht oder Ihnen fehlt die Berechtigung' },
    user_query: {
        en: "The 'query', 'accountId' or 'property' query parameter was not provided",
        de: 'Der Parameter „query“, „accountId“ oder „property“ fehlt' },
    permissions_missing: {
        en: "The 'permissions' query parameter is required.",
        de: 'Der Parameter „permissions“ ist erforderlich.' },
    permissions_unknown: {
        en: "Unrecognized permission(s): '%s'.",
        de: 'Unbekannte Berechtigung(en): „%s“.' },
    link_type: {
        en: "No issue link type with name '%s' found.",
        de: 'Es gibt keinen Verknüpfungstyp mit dem Namen „%s“.' },
    no_edit_comment: {
        en: 'You do not have the permission to edit this comment.',
        de: 'Sie dürfen diesen Kommentar nicht bearbeiten.' },
    no_worklog: {
        en: 'You do not have permission to edit this worklog.',
        de: 'Sie dürfen diesen Arbeitsaufwand nicht bearbeiten.' },
    worklog_missing: {
        en: "Cannot find worklog with id: '%s'.",
        de: 'Es gibt keinen Arbeitsaufwand mit der ID „%s“.' },
    no_attach: {
        en: 'You do not have permission to create attachments for this issue.',
        de: 'Sie dürfen diesem Vorgang keine Anhänge hinzufügen.' },
    attachment_missing: {
        en: "The attachment with id '%s' does not exist",
        de: 'Der Anhang mit der ID „%s“ existiert nicht' },
    attachment_keep: {
        en: 'You do not have permission to delete attachment: %s',
        de: 'Sie dürfen den Anhang %s nicht löschen' },
    attachment_large: {
        en: 'The attachment is too large.', de: 'Der Anhang ist zu groß.' },
    thumbnail_missing: {
        en: 'The attachment has no thumbnail.', de: 'Der Anhang hat kein Vorschaubild.' },
    link_missing: {
        en: "No issue link with id '%s' exists.",
        de: 'Es gibt keine Verknüpfung mit der ID „%s“.' },
    no_watchers: {
        en: 'You do not have permission to manage the watcher list.',
        de: 'Sie dürfen die Beobachterliste nicht verwalten.' },
    watcher_missing: {
        en: "The user '%s' does not have permission to view this issue. This user will not be " +
            'added to the watch list.',
        de: 'Der Benutzer „%s“ darf diesen Vorgang nicht sehen.' },
    bulk_empty: {
        en: 'At least one issue must be provided.', de: 'Es fehlt mindestens ein Vorgang.' },
    bulk_many: {
        en: 'The maximum number of issues is %s.', de: 'Höchstens %s Vorgänge sind erlaubt.' },
    value_missing: {
        en: "The %s with id '%s' does not exist.",
        de: 'Es gibt kein Element (%s) mit der ID „%s“.' },
    worklog_time: {
        en: 'Worklog must not be null and must have time spent.',
        de: 'Der Arbeitsaufwand darf nicht leer sein.' },
};

/** The sentence in the account's language; `%s` are filled in order. */
export function say(account, id, ...values) {
    const language = account?.locale?.startsWith('de') ? 'de' : 'en';
    return values.reduce((text, value) => text.replace('%s', () => value), TEXTS[id][language]);
}
