// Attachments: uploads, what is known of them, and the way to their contents, which leads to the
// media host (media.mjs) unless the caller wants none of that (`redirect=false`).

import * as answers from '../answers.mjs';
import { timeNow } from '../clock.mjs';
import { MAX_FILE } from '../files.mjs';
import { contents, mediaLink, thumbnail } from '../media.mjs';
import { say } from '../texts.mjs';
import { may, needIssue, needPermission, visibleIssues } from './access.mjs';
import * as render from './render.mjs';

export function attachmentMeta() {
    return answers.json(200, { enabled: true, uploadLimit: MAX_FILE });
}

/** `ctx.upload` = { files, tooLarge, malformed } as the body was received (files.mjs). */
export function postAttachments(ctx) {
    const issue = needIssue(ctx, ctx.params[0]);
    needPermission(ctx, 'CREATE_ATTACHMENTS', issue.project, 403, 'no_attach');
    const { files, tooLarge, malformed } = ctx.upload;
    if (tooLarge) return answers.errors(413, say(ctx.caller.account, 'attachment_large'));
    if (malformed || files.length === 0) {
        return answers.problem(400, 'Bad Request', "Required part 'file' is not present.",
            ctx.path);
    }
    const made = files.map((file) => newAttachment(ctx, file));
    issue.attachments.push(...made);
    issue.updated = timeNow();
    ctx.upload.files = [];
    ctx.changed();
    return answers.json(200, made.map((each) => render.attachment(ctx, each)));
}

function newAttachment(ctx, { id: file, filename, type, size }) {
    return {
        id: String(ctx.site.nextId++), file, filename, size,
        mimeType: type ?? 'application/octet-stream',
        author: ctx.caller.account.accountId, created: timeNow(),
    };
}

/** { issue, attachment }, or Jira's 404 for one that is missing or invisible. */
function needAttachment(ctx) {
    const [id] = ctx.params;
    for (const issue of visibleIssues(ctx)) {
        const attachment = issue.attachments.find((each) => each.id === id);
        if (attachment) return { issue, attachment };
    }
    throw new answers.Refusal(
        answers.errors(404, say(ctx.caller.account, 'attachment_missing', id)));
}

/** Here, and only here, the id is a number. */
export function getAttachment(ctx) {
    const { attachment } = needAttachment(ctx);
    return answers.json(200,
        { ...render.attachment(ctx, attachment), id: Number(attachment.id) });
}

export function deleteAttachment(ctx) {
    const { issue, attachment } = needAttachment(ctx);
    const isOwn = attachment.author === ctx.caller.account?.accountId;
    const permission = isOwn ? 'DELETE_OWN_ATTACHMENTS' : 'DELETE_ALL_ATTACHMENTS';
    if (!may(ctx, permission, issue.project)) {
        return answers.errors(403,
            say(ctx.caller.account, 'attachment_keep', attachment.filename));
    }
    issue.attachments = issue.attachments.filter((each) => each !== attachment);
    ctx.files.remove([{ id: attachment.file }]);
    ctx.changed();
    return answers.empty(204);
}

export function getContent(ctx) {
    const { attachment } = needAttachment(ctx);
    if (ctx.query.get('redirect') !== 'false') {
        return answers.redirect(mediaLink(ctx.mediaBase, 'binary', attachment), 303);
    }
    return contents(ctx.files.pathOf(attachment.file), attachment, ctx.headers);
}

export function getThumbnail(ctx) {
    const { attachment } = needAttachment(ctx);
    if (!render.hasThumbnail(attachment) && ctx.query.get('fallbackToDefault') === 'false') {
        return answers.errors(404, say(ctx.caller.account, 'thumbnail_missing'));
    }
    if (ctx.query.get('redirect') === 'false') return thumbnail();
    return answers.redirect(mediaLink(ctx.mediaBase, 'image', attachment), 303);
}
