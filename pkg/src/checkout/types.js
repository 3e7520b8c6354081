// Types only: see the .d.ts file of the framework. Nothing happens here.
export {};
