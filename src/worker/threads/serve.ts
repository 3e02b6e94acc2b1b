// A thread's end of its port, which the first message brings.

/** Hands every order that comes to what serves them, and its answers back. */
export function serveOrders<Order, Answer>(
  begin: (answer: (answer: Answer) => void) => (order: Order) => unknown,
): void {
  const take = ({ ports: [port] }: MessageEvent<unknown>) => {
    if (!port) return;
    const serve = begin((answer) => port.postMessage(answer));
    port.onmessage = ({ data }: MessageEvent<Order>) => void serve(data);
    // Thrown outside of promises it becomes the thread's error, of which the page tells the lab.
    port.onmessageerror = () =>
      setTimeout(() => {
        throw new Error('an order came that cannot be read here');
      });
  };
  self.addEventListener('message', take, { once: true });
}
