// A phone in a browser: REST by fetch, the socket by WebSocket, as an app of ours would use them.
window.phone = {
  frames: [],
  seq: 0,
  closed: [],
  token: null,
  isIn: false,

  async call(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
    return json.data ?? json;
  },

  async logIn(number) {
    await this.call("POST", "/api/auth/send-otp", { phone: number });
    const [sms] = await this.call("GET", `/dev/outbox.json?to=${encodeURIComponent(number)}&limit=1`);
    const otp = sms.body.match(/\b\d{6}\b/)[0];
    this.token = (await this.call("POST", "/api/auth/verify-otp", { phone: number, otp })).token;
  },

  // Opens the socket with the token as a subprotocol, and resumes where the last one ended.
  connect() {
    const known = this.seq;
    this.socket = new WebSocket(`ws://${location.host}/ws`, ["khidma.v1", `bearer.${this.token}`]);
    this.socket.onclose = (event) => {
      this.isIn = false;
      this.closed.push(event.code);
    };
    this.socket.onmessage = (message) => {
      const frame = JSON.parse(message.data);
      if (frame.event === "AUTHENTICATED") {
        if (known) this.send("RESUME", { lastSeq: known });
        else this.seq = frame.data.seq;
        this.isIn = true;
      }
      if (frame.event === "PING") this.send("PONG", {});
      if (frame.seq) this.seq = Math.max(this.seq, frame.seq);
      this.frames.push(frame);
    };
  },

  send(event, data) {
    this.socket.send(JSON.stringify({ event, data }));
  },

  heard(event) {
    return this.frames.filter((frame) => frame.event === event);
  },

  latest(event, wanted) {
    const fits = (frame) => Object.entries(wanted).every(([name, value]) => frame.data[name] === value);
    return this.heard(event).findLast(fits) ?? null;
  },
};
