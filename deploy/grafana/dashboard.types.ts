// What a dashboard of ours may be: Grafana's own types, panel by panel, with enums as the words JSON has for them.
import type { Dashboard, FieldConfig, Panel, RowPanel } from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen.js';
import type { Options as Geomap } from '@grafana/schema/dist/esm/raw/composable/geomap/panelcfg/x/GeomapPanelCfg_types.gen.js';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen.js';
import type { FieldConfig as TableField, Options as Table } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen.js';
import type { FieldConfig as LineField, Options as Lines } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen.js';

type Words<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer One)[]
      ? Words<One>[]
      : T extends object
        ? { [Key in keyof T]: Words<T[Key]> }
        : T;

type Closed<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

interface Target {
  refId: string;
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  legendFormat: string;
  instant?: true;
  range?: false;
  format?: 'table';
}

type Of<Type extends string, Options, Custom = never> = Words<Omit<Closed<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'>> & {
  type: Type;
  title: string;
  description: string;
  options: Words<Options>;
  targets: Target[];
  fieldConfig: {
    defaults: Words<Omit<FieldConfig, 'custom'>> & { custom?: Words<Custom> };
    overrides: { matcher: { id: 'byName'; options: string }; properties: { id: string; value: unknown }[] }[];
  };
};

export type OurPanel =
  | Of<'stat', Stat>
  | Of<'timeseries', Omit<Lines, 'timezone'>, Partial<LineField>>
  | Of<'bargauge', BarGauge>
  | Of<'table', Table, Partial<TableField>>
  | Of<'geomap', Geomap>;

export type OurDashboard = Words<Omit<Closed<Dashboard>, 'panels'>> & {
  uid: string;
  title: string;
  panels: (OurPanel | Words<RowPanel>)[];
};
