// Pseudo-random choices that depend on nothing but a seed, so that a run can be had again.

/** Choices drawn from a text; `fork` gives others that do not depend on how many were drawn. */
export class Random {
  constructor(seed) {
    this.seed = String(seed);
    this.state = hash(this.seed);
  }

  fork(label) {
    return new Random(`${this.seed}/${label}`);
  }

  /** A number from 0 up to 1 (mulberry32). */
  next() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 up to `bound`. */
  below(bound) {
    return Math.floor(this.next() * bound);
  }

  between(least, most) {
    return least + this.below(most - least + 1);
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** One of `[weight, value]`. */
  weighted(choices) {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return choices.at(-1)[1];
  }

  /** `count` of `list`, each at most once, in random order. */
  sample(list, count) {
    const rest = [...list];
    const taken = [];
    while (taken.length < count && rest.length > 0) {
      taken.push(rest.splice(this.below(rest.length), 1)[0]);
    }
    return taken;
  }
}

/** FNV-1a, with the bits mixed once more so that seeds that are alike begin differently. */
function hash(text) {
  let value = 0x811c9dc5;
  for (const unit of text) {
    value = Math.imul(value ^ unit.codePointAt(0), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return value ^ (value >>> 13);
}
