// Paths as a person reads them.

const encoded = /(?:%[89a-f][\da-f])+/gi; // bytes beyond ASCII
const seen = /^(?!\p{M})(?:(?![\p{Me}\p{Default_Ignorable_Code_Point}\u2800\ufffd])[\p{L}\p{M}\p{N}\p{P}\p{S}])+$/u;
const piled = /\p{Mn}{4}/u; // no language needs so many

// readable returns a path, or a text that has one in it, with Chinese instead of
// its bytes: "/商品" for "/%E5%95%86%E5%93%81". It is for looking at only.
// Percent-encoded ASCII stays as it is, and so does each sequence that is not all
// of characters that can be seen: no controls, no spaces, nothing that turns the
// direction of writing. The commands have the same rule.
export function readable(text) {
  return String(text ?? '').replace(encoded, run => {
    let decoded;
    try { decoded = decodeURIComponent(run); } catch { return run; } // it is no UTF-8
    return seen.test(decoded) && !piled.test(decoded) ? decoded : run;
  });
}
