// The QA page: the list of calls, or with ?call=ID one of them, to be looked through and listened to.

import { make } from "./elements/dom.js";
import "./elements/sign-in.js";
import { read } from "./review/server.js";
import "./review/call-list.js";
import "./review/call-review.js";

const main = document.querySelector("main");
const call = new URLSearchParams(location.search).get("call");

// The page, or in one sentence why there is none, with a way on.
async function show() {
  main.replaceChildren(make("p", { className: "message", role: "status" }, "Loading"));
  try {
    if (call) {
      const review = make("call-review");
      await review.load(call);
      main.replaceChildren(review);
    } else {
      const list = make("call-list");
      list.add(await read("api/calls"));
      main.replaceChildren(list);
    }
  } catch (error) {
    if (error.needsToken) return signIn();
    const again = make("button", { type: "button" }, "Try again");
    again.addEventListener("click", show);
    const ways = call ? [again, make("a", { href: "review.html" }, "All calls")] : [again];
    main.replaceChildren(make("p", { className: "message", role: "alert" }, error.message), make("p", { className: "ways" }, ...ways));
  }
}

function signIn() {
  const form = make("sign-in");
  main.replaceChildren(make("p", { className: "message" }, "Sign in to review calls."), form);
  form.draw({ connection: "refused", needsToken: true });
}

document.addEventListener("signed-in", show);
show();
