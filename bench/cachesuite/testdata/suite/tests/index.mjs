// A suite of two groups, made up to test how a suite is run.
export default [
  {
    id: 'fresh',
    name: 'Freshness',
    tests: [
      { id: 'fresh-none', name: 'No freshness', requests: [] },
      { id: 'fresh-age', name: 'With an age', kind: 'optimal', depends_on: ['fresh-none'] }
    ]
  },
  {
    id: 'other',
    name: 'Others',
    tests: [
      { id: 'other-ask', name: 'What happens', kind: 'check' },
      { id: 'other-tab', name: 'In a browser', browser_only: true }
    ]
  }
]
