// How the channels of a campaign are named, grouped and coloured on its page.

import { channelColour, type Theme } from '../lib/colours';
import type { Channel } from '../lib/types';

export interface ShownChannel extends Channel {
  title: string;
  rank: number;
}

export interface DeviceGroup {
  device: string;
  kind: 'master' | 'slave';
  channels: ShownChannel[];
}

export function isPower(unit: string): boolean {
  return unit === 'W' || unit === 'kW';
}

// A logger's own titles ("Voie1") repeat across its modules, so the label stands beside them where they do.
export function nameChannels(list: Channel[]): ShownChannel[] {
  const uses = new Map<string, number>();
  for (const channel of list) uses.set(channel.name, (uses.get(channel.name) ?? 0) + 1);
  const ranks = new Map<string, number>();
  return list.map((channel) => {
    const kind = channel.unit === 'V' ? 'V' : 'other';
    const rank = ranks.get(kind) ?? 0;
    ranks.set(kind, rank + 1);
    const name = channel.name || channel.label || channel.channel_id;
    const repeated = (uses.get(channel.name) ?? 0) > 1;
    return { ...channel, rank, title: repeated ? `${name} · ${channel.device_sn.slice(-4)}` : name };
  });
}

export function groupByDevice(channels: ShownChannel[]): DeviceGroup[] {
  const groups = new Map<string, DeviceGroup>();
  for (const channel of channels) {
    const key = `${channel.logger}/${channel.device_sn}`;
    let group = groups.get(key);
    if (!group) {
      group = { device: channel.device_sn, kind: channel.device_type === 'slave' ? 'slave' : 'master', channels: [] };
      groups.set(key, group);
    }
    group.channels.push(channel);
  }
  return [...groups.values()];
}

export function colourOf(channel: ShownChannel, theme: Theme): string {
  return channelColour(channel.rank, channel.unit, theme);
}
