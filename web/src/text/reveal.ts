/** Characters that have no shape of their own, or turn the text around them: a stored name must not pose as another. */
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Stored text for people: what cannot be seen is written as `\u202e`, which inside JSON means the same. */
export function reveal(text: string): string {
  return text.replace(UNSEEN, (unseen) => '\\u' + unseen.charCodeAt(0).toString(16).padStart(4, '0'));
}
